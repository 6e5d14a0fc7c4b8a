// Model files: damaged, which the checksum must tell, and changed by somebody who also set the checksum right.
import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import { deserialize, digest, inspectFile, type Model, serialize } from '../../../src/index.ts';
import type { SparseRows } from '../../../src/wasm/tensor.ts';
import { modelFile, opened } from '../../model-file.ts';
import { changedJson, damaged } from '../mutate.ts';
import { never, tryDoor } from '../verdict.ts';
import { type Attack, smallData, smallModels } from './attack.ts';

async function files(): Promise<{ name: string; file: Uint8Array; digest: string }[]> {
  return Promise.all(
    (await smallModels()).map(async (model) => ({ name: model.kind.name, file: await serialize(model), digest: await digest(model) })),
  );
}

export const damagedModelFiles: Attack = {
  name: 'model files, damaged',
  async prepare() {
    const samples = await files();
    return async (draw) => {
      const { name, file, digest: whole } = draw.pick(samples);
      const bytes = damaged(file, draw);
      const same = bytes.length === file.length && bytes.every((byte, at) => byte === file[at]);
      const given: Uint8Array = draw.chance(0.3) ? foreign(bytes) : bytes;
      return tryDoor(
        `a damaged file of ${name}`,
        () => deserialize(given),
        async (model) => (same && (await digest(model)) === whole ? undefined : 'was accepted'),
      );
    };
  },
};

/** The same bytes as a Uint8Array of another realm. */
function foreign(bytes: Uint8Array): Uint8Array {
  const made = runInNewContext(`new Uint8Array(${bytes.length})`) as Uint8Array;
  made.set(bytes);
  return made;
}

/** Numbers that files of models may come to hold; beyond 1e15 sums of products are no float32, whoever trained the model. */
const VALUES = [NaN, Infinity, -Infinity, 0, -0, 1e-45, 1e15, -1, 0.5, 1e9, 13];

export const signedModelFiles: Attack = {
  name: 'model files, changed under a right checksum',
  async prepare() {
    const samples = await files();
    return async (draw) => {
      const { name, file } = draw.pick(samples);
      const { header, parameters } = opened(file);
      const numbers = draw.chance(0.3);
      if (numbers) {
        const view = new DataView(parameters.buffer);
        for (let edit = draw.below(4); edit >= 0; edit--) view.setFloat32(4 * draw.below(parameters.length >> 2), draw.pick(VALUES), true);
      }
      const changed = (numbers ? header : changedJson(header, draw)) as Record<string, unknown>;
      const text = draw.chance(0.05) ? new TextDecoder().decode(damaged(new TextEncoder().encode(JSON.stringify(changed)), draw)) : changed;
      const bytes = await modelFile(file, text, parameters);
      const tried = `a signed file of ${name}, ${numbers ? 'other numbers' : `header ${JSON.stringify(difference(header, changed))}`}`;
      await tryDoor(
        tried,
        () => inspectFile(bytes),
        () => undefined,
      );
      return tryDoor(
        tried,
        () => deserialize(bytes),
        (model) => wrongWith(model, bytes),
      );
    };
  },
};

const difference = (before: Record<string, unknown>, after: Record<string, unknown>): object =>
  Object.fromEntries(Object.entries(after).filter(([key, value]) => !isDeepStrictEqual(value, before[key])));

/** What users have interacted with, for models that score from it. */
const HISTORY = smallData().userItems;
/** The same for a model of more or fewer users, which those that score from histories may be. */
function historyOf(users: number): SparseRows {
  const indptr = Int32Array.from({ length: users + 1 }, (_, u) => HISTORY.indptr[Math.min(u, HISTORY.rows)]);
  const end = indptr[users];
  return { rows: users, cols: HISTORY.cols, indptr, indices: HISTORY.indices.slice(0, end), data: HISTORY.data.slice(0, end) };
}

/** What an accepted model must do: say the same of itself when it is saved, and rank for everybody. */
async function wrongWith(model: Model, file: Uint8Array): Promise<string | undefined> {
  const asked = opened(file).header;
  const saved = opened(await serialize(model)).header;
  for (const part of ['model', 'users', 'items', 'provenance', 'record', 'parameters']) {
    if (!isDeepStrictEqual(saved[part], asked[part])) return `${part} came to be ${JSON.stringify(saved[part])}`;
  }
  for (const [option, value] of Object.entries(asked.options)) {
    if (value !== null && !isDeepStrictEqual(saved.options[option], value)) return `option ${option} came to be ${saved.options[option]}`;
  }
  const users = Int32Array.from([...model.users], (id) => model.users.indexOf(id));
  const { items, scores } = model.rank({ users, k: 3, history: historyOf(model.users.size) });
  for (const [at, item] of items.entries()) {
    if (item >= model.items.size || item < -1) return `item ${item} was ranked`;
    if (item >= 0 && (model.items.at(item) === null || !Number.isFinite(scores[at])))
      return `item ${item} was ranked with score ${scores[at]}`;
  }
  const some = [...model.items][0];
  if (some !== undefined) model.similarItems(model.items.indexOf(some), 3);
  return undefined;
}

export const notModelFiles: Attack = {
  name: 'what is no model file',
  async prepare() {
    return async (draw) => {
      const bytes = Uint8Array.from({ length: draw.below(200) }, () => draw.below(256));
      const given: unknown = draw.pick([
        bytes,
        bytes.buffer,
        new Float64Array(3),
        new DataView(bytes.buffer),
        [...bytes],
        'file.lethe',
        null,
        {},
      ]);
      return tryDoor('what is no model file', () => deserialize(given as Uint8Array), never);
    };
  },
};
