// What the Python package for Spark (spark/) takes from the build: the kernels, the module of keys, and one table of all that
// the library settles outside of them. Python holds none of it a second time.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(fileURLToPath(import.meta.url), '..', '..', '..');
const built = (path) => import(pathToFileURL(join(root, 'dist', path)));

/** Options as they are declared: order, defaults, bounds, words. */
const declared = (specs) =>
  Object.entries(specs).map(([name, { kind, default: value, words, bounds, doc }]) => ({
    name,
    kind,
    default: value ?? null,
    ...(words && { words }),
    ...(bounds && { bounds }),
    doc,
  }));

/** Written when it changes, so that nobody's tests run anew for nothing. */
export async function packSpark() {
  const { STREAM } = await built('src/base/random.js');
  const { VERSION } = await built('src/base/version.js');
  const { DRAW } = await built('src/data/split.js');
  const { PARTS, TAG } = await built('src/data/fingerprint.js');
  const { PART } = await built('src/data/dataset.js');
  const { DUPLICATES } = await built('src/data/duplicates.js');
  const { als } = await built('src/models/als.js');
  const plan = await built('src/forget/pass-plan.js');
  const { TOLERANCES } = await built('src/least-squares/acceleration.js');
  const { kernelsDigest } = await built('build/embedded.js');
  const contract = {
    version: VERSION,
    kernels: kernelsDigest,
    streams: STREAM,
    draws: DRAW,
    parts: PART,
    duplicates: DUPLICATES,
    fingerprint: { parts: PARTS, tag: new TextDecoder().decode(TAG) },
    options: declared(als.options),
    unlearnAls: {
      retrainShare: plan.RETRAIN_SHARE,
      sweepsDoneAnew: plan.SWEEPS_DONE_ANEW,
      passes: plan.PASSES,
      passesUnconverged: plan.PASSES_UNCONVERGED,
      passesOfLarge: plan.PASSES_OF_LARGE,
      stoppedEarly: plan.STOPPED_EARLY,
      converged: TOLERANCES.fast,
    },
  };
  // What has moved elsewhere would be left out of the text in silence.
  for (const [name, value] of Object.entries(contract.unlearnAls)) {
    if (typeof value !== 'number') throw new Error(`the contract's "${name}" is ${value}: it has moved, or lost its export`);
  }
  const folder = join(root, 'spark', 'lethe_spark');
  mkdirSync(folder, { recursive: true });
  const text = `${JSON.stringify(contract, null, 2)}\n`;
  const file = join(folder, 'contract.json');
  let before;
  try {
    before = readFileSync(file, 'utf8');
  } catch {}
  if (text !== before) writeFileSync(file, text);
  for (const name of ['kernels.wasm', 'ids.wasm']) copyFileSync(join(root, 'build', name), join(folder, name));
}
