// Tries every (user, item, value) of a data set as the one that left between two fingerprints, keyed and not; as a control,
// between two sums such as fingerprints once were. Status 1 where a fingerprint tells, or the control does not.
// Usage: npm run --silent build && node dist/test/hostile/fingerprint.js FILE
import { type Dataset, readDatasetFile } from '../../src/index.ts';
import { candidatesThatFit, hashBefore, hashNow, plainSum } from '../data/fingerprint-attack.ts';

const [file] = process.argv.slice(2);
if (!file) {
  console.error('a data file is missing');
  process.exit(2);
}
const data = await readDatasetFile(file);
const entry = Math.floor(data.interactions / 3);
const after = data.without(Int32Array.of(entry));
const { indptr, indices, data: values } = data.userItems;
const user = indptr.findIndex((end, row) => row > 0 && entry < end) - 1;
const gone = [data.users.at(user), data.items.at(indices[entry]), values[entry]].join(' ');
const distinct = [...new Set(values)].sort((a, b) => a - b);

const KEY = 'a secret that stays with the owner';
const pairs: Readonly<Record<string, (any: Dataset) => string>> = {
  'plain sums, as once': (any) => plainSum(any, hashBefore),
  'plain sums of the hashes of now': (any) => plainSum(any, hashNow),
  fingerprints: (any) => any.fingerprint(),
  'keyed fingerprints': (any) => any.withFingerprintKey(KEY).fingerprint(),
};
let wrong = 0;
for (const [name, of] of Object.entries(pairs)) {
  const hash = name.endsWith('as once') ? hashBefore : hashNow;
  const { tried, found } = candidatesThatFit(data, [of(data), of(after)], hash, { values: distinct, least: 2 });
  const tells = found.some((row) => row.join(' ') === gone);
  console.log(`${name}: ${tried} candidates, ${found.length} fit${tells ? ', among them the one that left' : ''}`);
  if (tells !== name.startsWith('plain sums') || found.length !== (tells ? 1 : 0)) wrong++;
}
process.exit(wrong > 0 ? 1 : 0);
