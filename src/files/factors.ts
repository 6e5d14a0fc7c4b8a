// Factors out of a bilinear model and into one, in the layout that the Python library `implicit` saves: a `.npz` with
// `user_factors` and `item_factors`. So a model that was trained anywhere can be made to forget here.

import * as check from '../base/check.ts';
import { DataError, ModelError } from '../base/errors.ts';
import { isBytes } from '../base/host.ts';
import { type OptionSpecs, type OptionValue, resolveOptions } from '../base/options.ts';
import { type Dataset, expectDataset } from '../data/dataset.ts';
import { compareIds, IdTable, isCanonicalInteger } from '../data/ids.ts';
import { npzBytes, openNpz } from '../formats/npz.ts';
import { expectModel, type Model, type ModelKind, provenanceOf, type SavedParameter } from '../model/model.ts';

/** Names of the parameters in a model, and of the arrays in the file. */
const SIDES = { users: ['userFactors', 'user_factors'], items: ['itemFactors', 'item_factors'] } as const;
type Side = keyof typeof SIDES;

/** The most factors that a model takes. */
const MOST_FACTORS = 4096;
/** Rows beyond the largest id that are read where rows go by number: libraries make a few more than are used. */
const SPARE_ROWS = 1000;

/** Factors as numpy reads them, and the ids that their rows belong to. */
export interface ExportedFactors {
  /** The `.npz`. */
  readonly bytes: Uint8Array;
  readonly users: number;
  readonly items: number;
  readonly factors: number;
}

/**
 * A model's factors as a `.npz`: a row for each id that the model still knows, in canonical order of ids.
 * @throws ModelError for a model whose scores are no dot products of rows.
 * @example
 * const { bytes, factors } = exportFactors(model); // write the bytes as factors.npz
 */
export function exportFactors(model: Model): ExportedFactors {
  expectModel('model', model);
  const rows = (side: Side): { shape: [number, number]; data: Float32Array<ArrayBuffer> } => {
    const matrix = model.parameters.get(SIDES[side][0]);
    if (!matrix) throw new ModelError(`a model of kind "${model.kind.name}" has no factors of ${side} to export`);
    const ids = [...model[side]].sort(compareIds);
    const data = new Float32Array(ids.length * matrix.cols);
    ids.forEach((id, r) => data.set(matrix.row(model[side].indexOf(id)), r * matrix.cols));
    return { shape: [ids.length, matrix.cols], data };
  };
  if (!model.kind.capabilities.includes('factors')) throw new ModelError(`a model of kind "${model.kind.name}" has no factors to export`);
  const users = rows('users');
  const items = rows('items');
  return {
    bytes: npzBytes({ user_factors: users, item_factors: items }),
    users: users.shape[0],
    items: items.shape[0],
    factors: users.shape[1],
  };
}

/** Which arrays hold the factors, and whose rows they are. */
export interface ImportOptions {
  /** The model's options; of use are those of the objective that trained the factors. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** User ids by row. Default: as described at `importFactors`. */
  readonly users?: readonly string[];
  /** Item ids by row. */
  readonly items?: readonly string[];
  /** What messages call the file. */
  readonly source?: string;
}

/**
 * A model from the factors in a `.npz`. Without lists of ids, row r belongs to the r-th id of the data in canonical order
 * (whole numbers by value, then all others by UTF-16 code units) where there are as many rows as ids; where there are more,
 * and all ids are whole numbers below the number of rows, row r belongs to the id r.
 * @param data the interactions that the factors were trained on.
 * @throws DataError for arrays that are missing, of other shapes than the data ask for, or not finite.
 * @example
 * const { bytes } = exportFactors(model);
 * const imported = await importFactors(als, bytes, train, { options: { regularization: 10 } });
 */
export async function importFactors(kind: ModelKind, bytes: Uint8Array, data: Dataset, given: ImportOptions = {}): Promise<Model> {
  check.like('kind', kind, 'a kind of model, such as als', ['name', 'capabilities', 'restore']);
  if (!isBytes(bytes)) throw new TypeError(`"bytes" expected the bytes of a .npz (Uint8Array), got ${check.describe(bytes)}`);
  expectDataset('data', data);
  check.knownKeys('importFactors', given, ['options', 'users', 'items', 'source']);
  for (const name of ['users', 'items'] as const) for (const id of check.array(name, given[name] ?? [])) check.string(name, id);
  const source = check.string('source', given.source ?? 'factors');
  if (!kind.capabilities.includes('factors')) throw new ModelError(`a model of kind "${kind.name}" is not made of factors`);
  const npz = openNpz(bytes, source);
  const side = async (name: Side): Promise<{ ids: IdTable; parameter: SavedParameter }> => {
    const array = SIDES[name][1];
    if (!npz.names.includes(array))
      throw new DataError(`expected an array "${array}", found ${npz.names.join(', ') || 'none'}`, { source });
    const listed = given[name];
    let ids: string[] = [];
    let rowOf = (_id: string, rank: number): number => rank;
    // Before the values are unpacked: a small file may hold a matrix of many gigabytes.
    const { shape, data: values } = await npz.read(array, (found) => {
      if (found.length !== 2 || found[1] === 0 || found[1] > MOST_FACTORS)
        throw new DataError(`expected "${array}" as a matrix of rows and 1 to ${MOST_FACTORS} factors, found shape (${found.join(', ')})`, {
          source,
        });
      const what = { name, array, source, rows: found[0] };
      ids = listed ? listedIds(listed, data[name], what) : [...data[name]];
      rowOf = listed ? listedRows(listed) : impliedRows(ids, what);
    });
    const cols = shape[1];
    const picked = new Float32Array(ids.length * cols);
    ids.forEach((id, r) => {
      const from = rowOf(id, r) * cols;
      for (let c = 0; c < cols; c++) picked[r * cols + c] = Number(values[from + c]);
    });
    const broken = picked.findIndex((value) => !Number.isFinite(value));
    if (broken >= 0)
      throw new DataError(
        `expected finite numbers in "${array}", found ${picked[broken]} in the row of ${name.slice(0, -1)} ` +
          `${JSON.stringify(ids[Math.floor(broken / cols)])}`,
        { source },
      );
    return { ids: new IdTable(ids), parameter: { rows: ids.length, cols, values: picked } };
  };
  const users = await side('users');
  const items = await side('items');
  const factors = users.parameter.cols;
  if (items.parameter.cols !== factors) {
    throw new DataError(`expected as many factors of items as of users, found ${items.parameter.cols} and ${factors}`, { source });
  }
  const { factors: asked = factors, ...rest } = given.options ?? {};
  if (asked !== factors) throw new RangeError(`"factors" expected ${factors}, as in ${source}, got ${String(asked)}`);
  return kind.restore({
    options: resolveOptions(kind.name, kind.options as OptionSpecs, { ...rest, factors }) as Record<string, OptionValue>,
    users: users.ids,
    items: items.ids,
    provenance: provenanceOf(data),
    record: { imported: true },
    parameters: new Map([
      [SIDES.users[0], users.parameter],
      [SIDES.items[0], items.parameter],
    ]),
  });
}

interface Place {
  readonly name: Side;
  readonly array: string;
  readonly source: string;
  readonly rows: number;
}

/** The listed ids in canonical order; every id of the data must be among them. */
function listedIds(listed: readonly string[], known: IdTable, { name, array, source, rows }: Place): string[] {
  if (listed.length !== rows)
    throw new DataError(`expected an id for each of the ${rows} rows of "${array}", got ${listed.length}`, { source });
  const set = new Set(listed);
  if (set.size < listed.length) throw new DataError(`the listed ids of ${name} repeat`, { source });
  for (const id of known)
    if (!set.has(id)) throw new DataError(`${name.slice(0, -1)} ${JSON.stringify(id)} of the data is not among the listed ids`, { source });
  return [...listed].sort(compareIds);
}

function listedRows(listed: readonly string[]): (id: string) => number {
  const rows = new Map(listed.map((id, row) => [id, row]));
  return (id) => rows.get(id)!;
}

function impliedRows(ids: readonly string[], { name, array, source, rows }: Place): (id: string, rank: number) => number {
  if (rows === ids.length) return (_, rank) => rank;
  const largest = ids.reduce((most, id) => Math.max(most, isCanonicalInteger(id) ? Number(id) : Infinity), -1);
  if (rows > ids.length && largest < rows && rows <= 2 * largest + SPARE_ROWS) return (id) => Number(id);
  throw new DataError(
    `expected ${ids.length} rows in "${array}", one for each of the ${name} in the data, found ${rows}; list the ids by row`,
    { source },
  );
}
