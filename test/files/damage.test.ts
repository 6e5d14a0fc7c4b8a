// Whatever happens to a file on its way, the answer is a data set or one DataError, never another error and no hang.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { philox } from '../../src/base/random.ts';
import { npyBytes, readNpy } from '../../src/formats/npy.ts';
import { npzBytes, openNpz } from '../../src/formats/npz.ts';
import { readDataset } from '../../src/formats/read.ts';
import { FORMATS, type FormatName } from '../../src/formats/readers/index.ts';

const test = suite('damage');
const encode = (text: string) => new TextEncoder().encode(text);

/** Flips, cuts, doubles or inserts a few bytes. */
function damage(bytes: Uint8Array, round: number): Uint8Array {
  let out = [...bytes];
  for (let edit = 0; edit < 1 + (round % 3); edit++) {
    const [kind, at, value] = philox(round, edit, 0, 0, 99, 0);
    const place = at % (out.length + 1);
    if (kind % 4 === 0) out[place % out.length] ^= 1 << (value % 8);
    else if (kind % 4 === 1) out = out.slice(0, place);
    else if (kind % 4 === 2) out.splice(place, 0, [34, 9, 10, 13, 44, 0, 255, 58][value % 8]);
    else out.splice(place, 0, ...out.slice(place, place + (value % 20)));
    if (out.length === 0) out = [10];
  }
  return Uint8Array.from(out);
}

const rows = Array.from({ length: 12 }, (_, n) => [n % 5, (n * 7) % 11, (n % 5) + 1, 900 + n]);
/** The others are in test/node/binary-formats.test.ts, where the packages are that read them. */
type TextName = Exclude<FormatName, 'parquet' | 'arrow'>;
const SAMPLES: Record<TextName, string> = {
  movielens: rows.map((row) => row.join('\t')).join('\n'),
  inter: 'userID\titemID\trating\tx_label\n' + rows.map(([u, i, v]) => `${u}\t${i}\t${v}\t${v % 3}\n`).join(''),
  csv: 'userId,movieId,rating,timestamp\n' + rows.map(([u, i, v, t]) => `"u""${u}",${i},${v},${t}\r\n`).join(''),
  ndjson: rows.map(([u, i, v, t]) => `{"user":"u${u}","item":${i},"value":${v},"meta":{"time":${t}}}\n`).join(''),
  adjacency: rows.map(([u, i, v]) => `${u} ${i} ${v}\n`).join(''),
};

for (const name of Object.keys(FORMATS) as TextName[]) {
  if ('binary' in FORMATS[name]) continue;
  test(`${name}: 400 damaged files, named and found out`, async () => {
    let refused = 0;
    for (let round = 0; round < 400; round++) {
      const bytes = damage(encode(SAMPLES[name]), round);
      try {
        const data = await readDataset(bytes, round % 2 ? { format: name } : {});
        assert.ok(data.interactions > 0 && data.userItems.data.every(Number.isFinite), `round ${round}`);
      } catch (error) {
        refused++;
        assert.is((error as Error).name, 'DataError', `round ${round}: ${error}`);
      }
    }
    assert.ok(refused > 20, `${refused} refused`);
  });
}

test('npy and npz: 400 damaged files each', async () => {
  const array = { shape: [3, 4], data: Float32Array.from({ length: 12 }, (_, i) => i) };
  let refused = 0;
  for (let round = 0; round < 400; round++) {
    for (const read of [
      () =>
        readNpy(
          (async function* () {
            yield damage(npyBytes(array), round);
          })(),
          'x.npy',
        ),
      () => openNpz(damage(npzBytes({ array }), round), 'x.npz').read('array'),
    ]) {
      try {
        await read();
      } catch (error) {
        refused++;
        assert.is((error as Error).name, 'DataError', `round ${round}: ${error}`);
      }
    }
  }
  assert.ok(refused > 300, `${refused} refused`);
});

test.run();
