// Files of interactions, and NumPy arrays: whatever is accepted must be sound, and survive being written.
import { type Dataset, datasetFiles, type NpyArray, npyBytes, npzBytes, openNpz, readDataset, readNpy } from '../../../src/index.ts';
import type { Draw } from '../draw.ts';
import { damaged } from '../mutate.ts';
import { tryDoor } from '../verdict.ts';
import type { Attack } from './attack.ts';

const ROWS = Array.from({ length: 14 }, (_, n) => [n % 5, (n * 7) % 11, 1 + (n % 5), 880000000 + n * 77]);
const SAMPLES: Readonly<Record<string, string>> = {
  'u.data': ROWS.map((row) => row.join('\t')).join('\n'),
  'ratings.dat': ROWS.map((row) => row.join('::')).join('\n'),
  'data.inter': `user_id:token\titem_id:token\trating:float\n${ROWS.map(([u, i, v]) => `${u}\t${i}\t${v}`).join('\n')}\n`,
  'parts.inter': `userID\titemID\trating\tx_label\n${ROWS.map(([u, i, v], n) => `${u}\t${i}\t${v}\t${n % 3}`).join('\n')}\n`,
  'ratings.csv': `userId,movieId,rating,timestamp\n${ROWS.map(([u, i, v, t]) => `"u""${u}",${i},${v},${t}\r\n`).join('')}`,
  'plain.csv': `user;item\n${ROWS.map(([u, i]) => `ü${u};"a\n${i}"`).join('\n')}`,
  'train.txt': ROWS.map(([u, i, v]) => `${u + 10} ${i} ${v + 20} ${i + 30}`).join('\n'),
};

export const dataFiles: Attack = {
  name: 'files of interactions',
  async prepare() {
    return async (draw) => {
      const name = draw.pick(Object.keys(SAMPLES));
      const bytes = damaged(new TextEncoder().encode(SAMPLES[name]), draw);
      return tryDoor(
        `${name}: ${JSON.stringify(new TextDecoder('latin1').decode(bytes))}`,
        () => readDataset({ name, chunks: inPieces(bytes, draw) }),
        wrongWith,
      );
    };
  },
};

/** Pieces of any size, cut wherever: within lines, fields and letters. */
function inPieces(bytes: Uint8Array, draw: Draw): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) pieces.push(bytes.subarray(at, (at += 1 + draw.below(bytes.length))));
  return pieces;
}

async function wrongWith(data: Dataset): Promise<string | undefined> {
  const { indptr, indices, data: values, rows, cols } = data.userItems;
  if (data.interactions === 0) return 'no interaction was read';
  if (!values.every(Number.isFinite) || !(data.times?.every(Number.isFinite) ?? true)) return 'a value or time is not finite';
  for (let u = 0; u < rows; u++) {
    for (let e = indptr[u]; e < indptr[u + 1]; e++) {
      if (indices[e] < 0 || indices[e] >= cols || (e > indptr[u] && indices[e] <= indices[e - 1])) return `row ${u} is out of order`;
    }
  }
  for (const id of [...data.users, ...data.items]) if (id === '') return 'an id is empty';
  const again = await readDataset(datasetFiles(data));
  return again.fingerprint() === data.fingerprint() ? undefined : 'what was read does not survive being written';
}

const ARRAYS: readonly NpyArray[] = [
  { shape: [3, 4], data: Float32Array.from({ length: 12 }, (_, n) => n / 4) },
  { shape: [5], data: Int32Array.from({ length: 5 }, (_, n) => n - 2) },
  { shape: [2, 2], data: BigInt64Array.of(1n, 2n, 3n, -4n) },
];

export const arrayFiles: Attack = {
  name: 'npy and npz',
  async prepare() {
    return async (draw) => {
      const array = draw.pick(ARRAYS);
      const packed = draw.chance(0.5);
      const bytes = packed ? damaged(npzBytes({ a: array, b: ARRAYS[0] }), draw) : changedHeader(npyBytes(array), draw);
      const read = async (): Promise<NpyArray[]> => {
        if (!packed) return [await readNpy(chunksOf(bytes), 'array.npy')];
        const npz = openNpz(bytes, 'arrays.npz');
        return Promise.all(npz.names.map((name) => npz.read(name)));
      };
      return tryDoor(
        packed ? 'a damaged npz' : `an npy ${JSON.stringify(new TextDecoder('latin1').decode(bytes.subarray(0, 130)))}`,
        read,
        (found) => {
          for (const { shape, data } of found) {
            if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0)) return `shape (${shape.join(', ')}) was accepted`;
            if (shape.reduce((product, n) => product * n, 1) !== data.length)
              return `${data.length} values have shape (${shape.join(', ')})`;
          }
          return undefined;
        },
      );
    };
  },
};

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Another shape, type or order in the header, of the same length, or damage anywhere. */
function changedHeader(bytes: Uint8Array, draw: Draw): Uint8Array {
  if (draw.chance(0.4)) return damaged(bytes, draw);
  const end = bytes.indexOf(10);
  const text = new TextDecoder('latin1').decode(bytes.subarray(10, end));
  const shape = draw.pick([
    '(-3, -4)',
    '(4.5,)',
    '(1e9, 1e9)',
    '(12,)',
    '(0,)',
    '()',
    '(True,)',
    '(99999999999,)',
    '(3, 4',
    '[3, 4]',
    '(3L, 4L)',
  ]);
  const type = draw.pick(['<f4', '>f4', '|O', '<c8', '<f8', '<U4', '<i4', '|b1']);
  const header = draw.chance(0.6)
    ? text.replace(/\([^)]*\)/, shape)
    : text.replace(/[<|]\w\d/, type).replace('False', draw.pick(['False', 'True', 'None']));
  const out = bytes.slice();
  out.fill(32, 10, end);
  out.set(new TextEncoder().encode(header.trimEnd()).subarray(0, end - 10), 10);
  return out;
}
