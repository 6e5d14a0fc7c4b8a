// What a store holds in memory, and the blocks that it makes: only those that differ from before are written.
import { VERSION } from '../base/version.ts';
import { Dataset } from '../data/dataset.ts';
import type { Features } from '../data/features.ts';
import { IdTable } from '../data/ids.ts';
import type { Model, SavedParameter } from '../model/model.ts';
import type { Matrix } from '../wasm/tensor.ts';
import { sameBytes } from './bytes.ts';
import { FORMAT, type Head, PARTS, type PartName } from './head.ts';
import { kindNamed } from './registries.ts';
import { blocksOf, RowFiller, rowBlock } from './row-blocks.ts';
import { damaged, readAs, readSealed, sealed } from './sealed.ts';
import type { Storage } from './storage.ts';
import { BLOCK_TEXTS, readTextBlock, textBlock, textBlocks } from './text-blocks.ts';

/** A model and the data that it stands for, all parts of the split over the same tables. */
export interface StoreState {
  readonly model: Model;
  readonly parts: Readonly<Record<PartName, Dataset>>;
}

/** What of the head follows from the state. */
export type StateFacts = Omit<Head, 'event' | 'digest' | 'settings' | 'pending' | 'stage' | 'trained'>;

/** Bytes of a piece of a matrix, about: what a changed row rewrites. */
const PIECE = 1 << 16;

/** Rows of a matrix that lie in one piece. */
export const pieceRows = (cols: number): number => Math.max(1, Math.floor(PIECE / (4 * Math.max(1, cols))));

const numbered = (prefix: string, n: number): string => `${prefix}/${String(n).padStart(6, '0')}`;
export const KEY = /* @__PURE__ */ Object.freeze({
  users: (block: number): string => numbered('users', block),
  items: (block: number): string => numbered('items', block),
  titles: (block: number): string => numbered('titles', block),
  rows: (part: PartName, block: number): string => numbered(part, block),
  parameter: (at: number, piece: number): string => numbered(`model/${at}`, piece),
  features: (at: number, piece: number): string => numbered(`features/${at}`, piece),
  present: (at: number): string => `present/${at}`,
});

export function factsOf({ model, parts }: StoreState): StateFacts {
  const { train } = parts;
  const { kind, options, provenance, record, parameters } = model;
  return {
    format: FORMAT,
    version: VERSION,
    users: train.users.size,
    items: train.items.size,
    live: { users: train.users.live, items: train.items.live },
    interactions: Object.fromEntries(PARTS.map((name) => [name, parts[name].interactions])) as Record<PartName, number>,
    timed: train.times !== undefined,
    titled: train.titles.size > 0,
    features: Array.from(train.features, ([name, { dims }]) => ({ name, dims })),
    split: train.split,
    ...(train.reading && { reading: train.reading }),
    ...(train.fingerprintKey !== undefined && { fingerprintKey: train.fingerprintKey }),
    model: {
      kind: kind.name,
      options,
      provenance,
      record,
      parameters: Array.from(parameters, ([name, { rows, cols }]) => ({ name, rows, cols })),
    },
  };
}

/** A block that a state makes, when it is asked for; `of` is what it is made from: the same things make the same block. */
interface Made {
  readonly of: readonly unknown[];
  content(): Uint8Array;
}

function blocksIn({ model, parts }: StoreState): Map<string, Made> {
  const { train } = parts;
  const { users, items, titles, features } = train;
  const made = new Map<string, Made>();
  for (const [table, key] of [
    [users, KEY.users],
    [items, KEY.items],
  ] as const) {
    for (let n = 0; n < textBlocks(table.size); n++)
      made.set(key(n), { of: [table], content: () => textBlock((p) => table.at(p), table.size, n) });
  }
  for (let n = 0; titles.size > 0 && n < textBlocks(items.size); n++)
    made.set(KEY.titles(n), { of: [titles, items.size], content: () => textBlock((p) => titles.get(p), items.size, n) });
  for (const name of PARTS) {
    const part = parts[name];
    for (let n = 0; part.interactions > 0 && n < blocksOf(users.size); n++)
      made.set(KEY.rows(name, n), { of: [part.userItems, part.times], content: () => rowBlock(part, n) });
  }
  [...model.parameters.values()].forEach((matrix, at) => {
    const size = pieceRows(matrix.cols);
    for (let n = 0; n * size < matrix.rows; n++)
      made.set(KEY.parameter(at, n), { of: [matrix], content: () => matrixPiece(matrix, n * size, Math.min(matrix.rows, (n + 1) * size)) });
  });
  [...features.values()].forEach((table, at) => {
    const size = pieceRows(table.dims);
    made.set(KEY.present(at), { of: [table], content: () => table.present });
    for (let n = 0; n * size < items.size; n++)
      made.set(KEY.features(at, n), { of: [table], content: () => featurePiece(table, n * size, (n + 1) * size) });
  });
  return made;
}

function matrixPiece(matrix: Matrix, begin: number, end: number): Uint8Array {
  const { cols, ld } = matrix;
  const view = matrix.view();
  const values = new Float32Array((end - begin) * cols);
  for (let row = begin; row < end; row++) values.set(view.subarray(row * ld, row * ld + cols), (row - begin) * cols);
  return new Uint8Array(values.buffer);
}

function featurePiece({ dims, values }: Features, begin: number, end: number): Uint8Array {
  const own = values.slice(begin * dims, end * dims);
  return new Uint8Array(own.buffer, own.byteOffset, own.byteLength);
}

/** The blocks to write and to remove so that a storage with the state before holds the state after. */
export async function changedBlocks(before: StoreState | undefined, after: StoreState): Promise<Map<string, Uint8Array | null>> {
  const old = before ? blocksIn(before) : new Map<string, Made>();
  const now = blocksIn(after);
  const changes = new Map<string, Uint8Array | null>();
  for (const [key, made] of now) {
    const was = old.get(key);
    if (was?.of.every((part, n) => part === made.of[n])) continue;
    const content = made.content();
    const previous = was?.content();
    if (previous && sameBytes(previous, content)) continue;
    const blocks = await sealed(key, content);
    if (previous) for (const gone of (await sealed(key, previous)).keys()) if (!blocks.has(gone)) changes.set(gone, null);
    for (const [name, bytes] of blocks) changes.set(name, bytes);
  }
  for (const [key, made] of old) {
    if (now.has(key)) continue;
    for (const gone of (await sealed(key, made.content())).keys()) changes.set(gone, null);
  }
  return changes;
}

/** The ids of a side, by position. */
export async function readIds(storage: Storage, key: (block: number) => string, size: number): Promise<IdTable> {
  const ids: (string | null)[] = new Array(size).fill(null);
  for (let block = 0; block < textBlocks(size); block++)
    await readAs(storage, key(block), (content) => readTextBlock(content, (place, text) => (ids[block * BLOCK_TEXTS + place] = text)));
  return IdTable.of(ids);
}

/** A matrix of the model. */
export async function readParameter(storage: Storage, head: Head, at: number): Promise<SavedParameter> {
  const { rows, cols } = head.model.parameters[at];
  return { rows, cols, values: await readPieces(storage, (n) => KEY.parameter(at, n), rows, cols) };
}

async function readPieces(storage: Storage, key: (piece: number) => string, rows: number, cols: number): Promise<Float32Array> {
  const bytes = new Uint8Array(rows * cols * 4);
  const size = pieceRows(cols);
  for (let n = 0; n * size < rows; n++) {
    const piece = await readSealed(storage, key(n));
    const expected = (Math.min(rows, (n + 1) * size) - n * size) * cols * 4;
    if (piece.length !== expected) throw damaged(storage, key(n), `it expected ${expected} bytes, found ${piece.length}`);
    bytes.set(piece, n * size * cols * 4);
  }
  return new Float32Array(bytes.buffer);
}

/** All of it. @throws DataError that names a block which is missing or damaged. */
export async function readState(storage: Storage, head: Head): Promise<StoreState> {
  const users = await readIds(storage, KEY.users, head.users);
  const items = await readIds(storage, KEY.items, head.items);
  const titles = await readTitles(storage, head);
  const features = new Map<string, Features>();
  for (const [at, { name, dims }] of head.features.entries()) {
    const present = (await readSealed(storage, KEY.present(at))).slice();
    features.set(name, { dims, present, values: await readPieces(storage, (n) => KEY.features(at, n), head.items, dims) });
  }
  const { split, reading, fingerprintKey, timed } = head;
  const tables = { users, items, titles, features, split, reading, fingerprintKey, source: storage.name };
  const parts = {} as Record<PartName, Dataset>;
  for (const name of PARTS) {
    const filler = new RowFiller(head.users, head.items, head.interactions[name], timed);
    for (let n = 0; head.interactions[name] > 0 && n < blocksOf(head.users); n++)
      await readAs(storage, KEY.rows(name, n), (content) => filler.add(content));
    parts[name] = new Dataset({ ...tables, userItems: filler.userItems, times: filler.times });
  }
  return { model: await readModel(storage, head, users, items), parts };
}

async function readModel(storage: Storage, head: Head, users: IdTable, items: IdTable): Promise<Model> {
  const { kind, options, provenance, record } = head.model;
  const parameters = new Map<string, SavedParameter>();
  for (const [at, { name }] of head.model.parameters.entries()) parameters.set(name, await readParameter(storage, head, at));
  return kindNamed(kind, storage.name).restore({ options, users, items, provenance, record, parameters });
}

/** Titles by item position. */
export async function readTitles(storage: Storage, head: Head): Promise<Map<number, string>> {
  const titles = new Map<number, string>();
  for (let block = 0; head.titled && block < textBlocks(head.items); block++)
    await readAs(storage, KEY.titles(block), (content) =>
      readTextBlock(content, (place, text) => titles.set(block * BLOCK_TEXTS + place, text)),
    );
  return titles;
}
