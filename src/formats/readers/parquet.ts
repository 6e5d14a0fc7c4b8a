// Parquet, by the package hyparquet: row group after row group, only the columns that are asked for.
import { DataError } from '../../base/errors.ts';
import { wholeBytes } from '../bytes.ts';
import type { Format } from '../format.ts';
import { SAMPLED } from '../layout.ts';
import { NamedRows, valueAt } from '../named-rows.ts';
import { type PackageName, packageOf } from '../packages.ts';

/** What is asked of hyparquet. */
interface Hyparquet {
  parquetMetadata(bytes: ArrayBuffer): Metadata;
  parquetSchema(metadata: Metadata): { readonly children: readonly SchemaNode[] };
  parquetReadObjects(options: object): Promise<Record<string, unknown>[]>;
}
interface Metadata {
  readonly num_rows: bigint;
  readonly row_groups: readonly {
    readonly num_rows: bigint;
    readonly columns: readonly { readonly meta_data?: { readonly codec: string } }[];
  }[];
}
interface SchemaNode {
  readonly element: { readonly name: string };
  readonly children: readonly SchemaNode[];
}

/** Compressions that hyparquet knows by itself. */
const OWN_CODECS = ['UNCOMPRESSED', 'SNAPPY'];
/** Rows that are unpacked together, and taken between two points where other work may run. */
const AT_ONCE = 1 << 17;
const BREATH = 1 << 12;

export const parquet = {
  name: 'parquet',
  summary: 'Parquet, by the package hyparquet (and hyparquet-compressors for others than Snappy)',
  takes: ['columns', 'likes'],
  binary: true,
  detect(_, __, head) {
    return head[0] === 0x50 && head[1] === 0x41 && head[2] === 0x52 && head[3] === 0x31;
  },
  async read(input) {
    const { source } = input;
    const get = <T>(name: PackageName): Promise<T> => packageOf<T>(name, input.packages, 'Parquet', source);
    const { parquetMetadata, parquetSchema, parquetReadObjects } = await get<Hyparquet>('hyparquet');
    const bytes = await wholeBytes(input.chunks);
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const guarded = async <T>(work: () => T | Promise<T>): Promise<T> => {
      try {
        return await work();
      } catch (error) {
        throw new DataError(`cannot be read as Parquet (${(error as Error).message})`, { source });
      }
    };
    const metadata = await guarded(() => parquetMetadata(file));
    const total = Number(metadata.num_rows);
    if (!(total > 0)) return undefined;
    const packed = metadata.row_groups.some(({ columns }) =>
      columns.some(({ meta_data }) => meta_data && !OWN_CODECS.includes(meta_data.codec)),
    );
    const compressors = packed ? (await get<{ compressors: object }>('hyparquet-compressors')).compressors : undefined;
    const leaves = await guarded(() =>
      parquetSchema(metadata).children.flatMap((child) => leafNames(child).map((name) => ({ name, column: child.element.name }))),
    );
    const names = leaves.map(({ name }) => name);
    const objects = (rowStart: number, rowEnd: number, columns?: readonly string[]): Promise<Record<string, unknown>[]> =>
      guarded(() => parquetReadObjects({ file, metadata, compressors, columns, rowStart, rowEnd }));
    const sample = (await objects(0, Math.min(total, SAMPLED))).map((row) => names.map((name) => valueAt(row, name)));
    const rows = new NamedRows(input, names, sample, { source });
    const asked = new Set(Object.values(rows.layout.at).flatMap((column) => (column < 0 ? [] : [leaves[column].column])));
    for (let begin = 0; begin < total; begin += AT_ONCE) {
      const part = await objects(begin, Math.min(total, begin + AT_ONCE), [...asked]);
      if (part.length !== Math.min(total, begin + AT_ONCE) - begin)
        throw new DataError(`expected ${total} rows, found ${begin + part.length}`, { source });
      for (let n = 0; n < part.length; n++) {
        const row = part[n];
        rows.take(
          (column) => valueAt(row, names[column]),
          () => ({ source: `${source}, row ${begin + n + 1}` }),
        );
        if (n % BREATH === BREATH - 1) await input.pause();
      }
    }
    return rows.layout;
  },
} satisfies Format;

/** Paths to what holds values; lists and maps hold none that is asked for. */
function leafNames({ element: { name }, children }: SchemaNode): string[] {
  return children.length === 0 ? [name] : children.flatMap((child) => leafNames(child).map((leaf) => `${name}.${leaf}`));
}
