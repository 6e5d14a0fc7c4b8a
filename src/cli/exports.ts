// What a model's parameters are as tables: rows of factors by id, weights between items, neighbours; and the forms in which
// vector indexes read rows, with the measure that they must be asked by.

import { ModelError } from '../base/errors.ts';
import type { IdTable } from '../data/ids.ts';
import type { FileContent } from '../files/whole-files.ts';
import type { Model } from '../model/model.ts';
import type { Matrix } from '../wasm/tensor.ts';
import { type Cell, type Row, type TableColumn, vectorText } from './table-files.ts';
import { UsageError } from './usage.ts';

export interface ExportedTable {
  readonly columns: readonly TableColumn[];
  readonly rows: () => Generator<readonly Row[]>;
  readonly count: number;
}

/** Rows that are written together. */
const ROWS_AT_ONCE = 1024;

/** The parts that `--what` names. */
export const PARTS = ['users', 'items', 'weights', 'neighbors', 'counts'] as const;
export type Part = (typeof PARTS)[number];

/** Where each part lies in a model. */
const PARAMETER: Readonly<Record<Part, string>> = {
  users: 'userFactors',
  items: 'itemFactors',
  weights: 'weights',
  neighbors: 'neighbors',
  counts: 'counts',
};

/** The parts that a model has. */
export const partsOf = (model: Model): Part[] => PARTS.filter((part) => model.parameters.has(PARAMETER[part]));

/** @throws UsageError for a part that the model does not have. */
export function partOf(model: Model, part: Part | undefined): Part {
  const there = partsOf(model);
  if (there.length === 0) throw new ModelError(`a model of kind "${model.kind.name}" has nothing that a table can hold`);
  if (part === undefined) return there.includes('items') ? 'items' : there[0];
  if (!there.includes(part)) throw new UsageError(`--what: a model of kind "${model.kind.name}" has ${there.join(', ')}; got ${part}`);
  return part;
}

export function exportedTable(model: Model, part: Part): ExportedTable {
  const matrix = model.parameters.get(PARAMETER[part])!;
  if (part === 'weights') return pairTable(model, weightsOf(model, matrix));
  if (part === 'neighbors') return pairTable(model, neighborsOf(matrix, model.parameters.get('similarities')!), 'similarity');
  const ids = part === 'users' ? model.users : model.items;
  const what = part === 'users' ? 'user' : 'item';
  const counts = part === 'counts';
  return {
    columns: [{ name: what, type: 'text' }, counts ? { name: 'users', type: 'whole' } : { name: 'vector', type: 'vector' }],
    rows: () =>
      inBlocks(positionsOf(ids), (position) => [[ids.at(position)!, counts ? matrix.row(position)[0] : matrix.row(position).slice()]]),
    count: ids.live,
  };
}

const positionsOf = (ids: IdTable): number[] =>
  Array.from({ length: ids.size }, (_, position) => position).filter((p) => ids.at(p) !== null);

function* inBlocks(positions: readonly number[], rowsOf: (position: number) => Row[]): Generator<readonly Row[]> {
  let block: Row[] = [];
  for (const position of positions) {
    for (const row of rowsOf(position)) block.push(row);
    if (block.length < ROWS_AT_ONCE) continue;
    yield block;
    block = [];
  }
  if (block.length > 0) yield block;
}

type Pairs = (item: number) => Iterable<readonly [other: number, value: number]>;

/** Item, other item, value: what is 0 is left out. */
function pairTable({ items }: Model, pairs: Pairs, value = 'weight'): ExportedTable {
  const rowsOf = (item: number): Row[] =>
    Array.from(pairs(item)).flatMap(([other, cell]): Cell[][] => {
      const id = items.at(other);
      return id === null || cell === 0 ? [] : [[items.at(item)!, id, cell]];
    });
  const positions = positionsOf(items);
  return {
    columns: [
      { name: 'item', type: 'text' },
      { name: 'other', type: 'text' },
      { name: value, type: 'single' },
    ],
    rows: () => inBlocks(positions, rowsOf),
    count: positions.reduce((sum, item) => sum + rowsOf(item).length, 0),
  };
}

/** Row i holds what having item i adds to the scores of the others. */
function weightsOf({ items }: Model, weights: Matrix): Pairs {
  return (item) => Array.from(weights.row(item).subarray(0, items.size), (value, other) => [other, value] as const);
}

function neighborsOf(neighbors: Matrix, similarities: Matrix): Pairs {
  return (item) => {
    const values = similarities.row(item);
    return Array.from(neighbors.row(item), (place, n) => [place - 1, values[n]] as const).filter(([other]) => other >= 0);
  };
}

/** Indexes of vectors that rows are written for, and how each names the measure that scores are: the product of two rows. */
export const INDEXES = {
  usearch: { metric: 'ip', ends: '.fbin', hint: "Index(ndim=%d, metric='ip'); a key is the row's number in the file of ids beside it" },
  pgvector: { metric: 'vector_ip_ops', ends: '.csv', hint: 'ORDER BY embedding <#> query; COPY … (id, embedding) FROM … CSV HEADER' },
  vectorize: { metric: 'dot-product', ends: '.ndjson', hint: 'wrangler vectorize create NAME --dimensions=%d --metric=dot-product' },
} as const;
export type VectorIndex = keyof typeof INDEXES;

export interface VectorFiles {
  /** Content by path. */
  readonly files: Map<string, FileContent>;
  readonly dimensions: number;
  readonly count: number;
}

/**
 * Rows of factors in the form that an index reads.
 * @throws UsageError for a part that has no factors, or a name of another kind of file.
 */
export function vectorFiles(model: Model, part: Part, index: VectorIndex, out: string): VectorFiles {
  if (part !== 'users' && part !== 'items') throw new UsageError(`--for ${index} takes factors (--what users or items), got ${part}`);
  const { ends } = INDEXES[index];
  if (!out.endsWith(ends)) throw new UsageError(`--for ${index} expected a file whose name ends in ${ends}, got ${JSON.stringify(out)}`);
  const { rows, count } = exportedTable(model, part);
  const dimensions = model.parameters.get(PARAMETER[part])!.cols;
  const files = new Map<string, FileContent>();
  if (index === 'usearch') {
    files.set(out, binary(rows, count, dimensions));
    files.set(
      `${out}.ids`,
      texts(rows, ([id]) => `${id}\n`),
    );
  } else if (index === 'pgvector') {
    files.set(
      out,
      texts(
        rows,
        ([id, vector]) => `"${String(id).replaceAll('"', '""')}","${vectorText(vector as ArrayLike<number>)}"\n`,
        'id,embedding\n',
      ),
    );
  } else {
    files.set(
      out,
      texts(rows, ([id, vector]) => `${JSON.stringify({ id, values: Array.from(vector as ArrayLike<number>) })}\n`),
    );
  }
  return { files, dimensions, count };
}

function* texts(rows: ExportedTable['rows'], lineOf: (row: Row) => string, head = ''): Generator<string> {
  if (head) yield head;
  for (const block of rows()) yield block.map(lineOf).join('');
}

/** `.fbin`: the numbers of rows and of columns as uint32, then float32, all little-endian. */
function* binary(rows: ExportedTable['rows'], count: number, dimensions: number): Generator<Uint8Array> {
  const head = new DataView(new ArrayBuffer(8));
  head.setUint32(0, count, true);
  head.setUint32(4, dimensions, true);
  yield new Uint8Array(head.buffer);
  for (const block of rows()) {
    const bytes = new DataView(new ArrayBuffer(block.length * dimensions * 4));
    block.forEach(([, vector], r) => {
      for (let c = 0; c < dimensions; c++) bytes.setFloat32((r * dimensions + c) * 4, (vector as ArrayLike<number>)[c], true);
    });
    yield new Uint8Array(bytes.buffer);
  }
}
