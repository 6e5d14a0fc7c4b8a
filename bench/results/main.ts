// npm run results [-- PART…]: measures the parts named, or all that belong to ALS, and draws docs/results.md anew.
import { gowalla, movielens } from './als-quality.ts';
import { forgetting } from './als-forget.ts';
import { right } from './als-right.ts';
import { haveData } from './data.ts';
import { note, redraw } from './report.ts';

const PARTS: Record<string, () => Promise<void>> = {
  right,
  movielens,
  gowalla,
  'forget-ml-1m': () => forgetting('ml-1m'),
  'forget-gowalla': () => forgetting('gowalla'),
  // Stopped early on purpose: further passes train further than gold did, and the table shows it.
  'forget-ml-1m-early': () => forgetting('ml-1m', 4),
  page: async () => redraw(),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  console.error(`unknown part ${unknown.join(', ')}; known: ${Object.keys(PARTS).join(', ')}`);
  process.exit(2);
}
if (!haveData()) {
  console.error('results need the real data at ../shared/data, which is not there: nothing measured');
  process.exit(1);
}
for (const name of asked.length > 0 ? asked : Object.keys(PARTS)) {
  note(`part ${name}`);
  await PARTS[name]();
}
