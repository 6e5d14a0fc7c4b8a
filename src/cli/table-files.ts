// Tables as files: CSV, NDJSON or Parquet by the name's end, written as they come, a block of rows at a time.

import type { FileContent } from '../files/whole-files.ts';
import { UsageError } from './usage.ts';

export interface TableColumn {
  readonly name: string;
  /** `vector` is a list of float32: `[1,2]` in CSV. A column that is `sparse` may have cells without a value. */
  readonly type: 'text' | 'whole' | 'single' | 'yes' | 'vector';
  readonly sparse?: boolean;
}

export type Cell = string | number | boolean | undefined | ArrayLike<number>;
export type Row = readonly Cell[];
export type RowBlocks = AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>;

const KINDS = ['csv', 'ndjson', 'parquet'] as const;
export type TableKind = (typeof KINDS)[number];

/** Rows of a Parquet file that are compressed together. */
const ROW_GROUP = 1 << 16;

/** What a file's name says it will be. @throws UsageError where it says none of them. */
export function tableKind(flag: string, path: string): TableKind {
  const kind = KINDS.find((end) => path.toLowerCase().endsWith(`.${end}`));
  if (!kind) throw new UsageError(`${flag} expected a file whose name ends in .csv, .ndjson or .parquet, got ${JSON.stringify(path)}`);
  return kind;
}

/** The file's bytes, made while they are written. @throws Error where Parquet's library is not installed, before anything is written. */
export async function tableContent(kind: TableKind, columns: readonly TableColumn[], blocks: RowBlocks): Promise<FileContent> {
  if (kind === 'parquet') return parquet(await parquetLibrary(), columns, blocks);
  return kind === 'csv' ? csv(columns, blocks) : ndjson(columns, blocks);
}

async function* csv(columns: readonly TableColumn[], blocks: RowBlocks): AsyncGenerator<string> {
  yield `${columns.map(({ name }) => csvField(name)).join(',')}\n`;
  for await (const rows of blocks) yield rows.map((row) => `${row.map(csvField).join(',')}\n`).join('');
}

/** Quoted after RFC 4180 where it must be. */
function csvField(cell: Cell): string {
  if (cell === undefined) return '';
  const text = typeof cell === 'object' ? vectorText(cell) : String(cell);
  return /[",\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** As pgvector and most tools read a vector: `[0.1,0.2]`; the shortest digits that give the same float32 again are not asked for. */
export const vectorText = (vector: ArrayLike<number>): string => `[${Array.from(vector).join(',')}]`;

async function* ndjson(columns: readonly TableColumn[], blocks: RowBlocks): AsyncGenerator<string> {
  for await (const rows of blocks) yield rows.map((row) => `${JSON.stringify(Object.fromEntries(named(columns, row)))}\n`).join('');
}

function named(columns: readonly TableColumn[], row: Row): [string, unknown][] {
  return columns.flatMap(({ name }, c): [string, unknown][] => {
    const cell = row[c];
    if (cell === undefined) return [];
    return [[name, typeof cell === 'object' ? Array.from(cell) : cell]];
  });
}

type Library = typeof import('hyparquet-writer');

async function parquetLibrary(): Promise<Library> {
  try {
    return await import('hyparquet-writer');
  } catch (error) {
    if (!/Cannot find (package|module)|ERR_MODULE_NOT_FOUND/.test(`${(error as Error).message} ${(error as NodeJS.ErrnoException).code}`))
      throw error;
    throw new Error('Parquet is written by the package hyparquet-writer, which is not installed: npm install hyparquet-writer', {
      cause: error,
    });
  }
}

const ELEMENTS = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  whole: { type: 'INT32' },
  single: { type: 'FLOAT' },
  yes: { type: 'BOOLEAN' },
} as const;

type Schema = NonNullable<Parameters<Library['parquetWrite']>[0]['schema']>;

function schemaOf(columns: readonly TableColumn[]): Schema {
  const elements = columns.flatMap(({ name, type, sparse }): Schema => {
    const repetition_type = sparse ? ('OPTIONAL' as const) : ('REQUIRED' as const);
    if (type !== 'vector') return [{ name, repetition_type, ...ELEMENTS[type] }];
    return [
      { name, repetition_type, converted_type: 'LIST', num_children: 1 },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', repetition_type: 'REQUIRED', type: 'FLOAT' },
    ];
  });
  return [{ name: 'root', num_children: columns.length }, ...elements];
}

async function* parquet(library: Library, columns: readonly TableColumn[], blocks: RowBlocks): AsyncGenerator<Uint8Array> {
  const { ByteWriter, ParquetWriter } = library;
  const bytes = new ByteWriter();
  const file = new ParquetWriter({ writer: bytes, schema: schemaOf(columns) });
  const written = (): Uint8Array => {
    const piece = bytes.getBytes().slice();
    // What was handed on makes room; `offset` still counts from the file's beginning.
    (bytes as unknown as { index: number }).index = 0;
    return piece;
  };
  let rows: Row[] = [];
  const group = async (): Promise<Uint8Array> => {
    const columnData = columns.map(({ name, type }, c) => ({ name, data: rows.map((row) => parquetCell(type, row[c])) }));
    await file.write({ columnData, rowGroupSize: ROW_GROUP });
    rows = [];
    return written();
  };
  for await (const block of blocks) {
    for (const row of block) rows.push(row);
    if (rows.length >= ROW_GROUP) yield await group();
  }
  if (rows.length > 0) yield await group();
  await file.finish();
  yield written();
}

function parquetCell(type: TableColumn['type'], cell: Cell): unknown {
  return type === 'vector' && typeof cell === 'object' ? Array.from(cell) : (cell ?? null);
}
