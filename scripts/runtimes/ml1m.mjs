// The stages whose bytes and times `npm run results:runtimes` tables: ALS on MovieLens 1M, a hundred users forgotten.
import { digest, evaluate, forget, readDataset, splitDataset } from '../../dist/src/index.js';
import { als } from '../../dist/src/models/als.js';
import { unlearnAls } from '../../dist/src/unlearn/unlearn-als.js';
import { ratings } from './ratings.mjs';

export async function* stages() {
  const data = await readDataset({ name: 'ratings.csv', chunks: await ratings() }, { titles: false });
  const { train, test } = splitDataset(data, 'per-user:0.8,0.1,0.1');
  yield { stage: 'train part', digest: train.fingerprint() };

  let start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  const model = await als.fit(train, { factors: 64, iterations: 5 });
  yield { stage: 'als', seconds: seconds(), digest: await digest(model) };
  yield metrics('als', evaluate(model, train, test));

  const users = [...train.users].filter((_, position) => position % 60 === 0).slice(0, 100);
  start = performance.now();
  const forgotten = await forget(model, train, { users }, { method: unlearnAls, heldOut: { test }, digests: false });
  yield { stage: 'als+unlearn-als', seconds: seconds(), digest: await digest(forgotten.model) };
  yield metrics('als+unlearn-als', evaluate(forgotten.model, forgotten.data, forgotten.heldOut.test));
}

/** The exact bits of all metrics, and one of them to read. */
function metrics(name, values) {
  const bits = new Uint8Array(Float64Array.from(Object.values(values)).buffer);
  return {
    stage: `${name}/metrics`,
    recall: values['recall@20'],
    digest: Array.from(bits, (byte) => byte.toString(16).padStart(2, '0')).join(''),
  };
}
