// What the edge worker's own code costs, without the server around it: memory alive and CPU time of single deletions, which
// workerd does not tell from outside. Runs in Node with --expose-gc: node edge-account.mjs STATE DELETIONS; prints JSON.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [recommenderFile, stateFile, deletions] = process.argv.slice(2);
const { Recommender } = await import(pathToFileURL(recommenderFile).href);

/** Keeps nothing, so that only the code's own memory is counted. */
const storage = {
  sql: { exec: () => ({ toArray: () => [] }) },
  transactionSync: (work) => work(),
  deleteAll: async () => {},
  sync: async () => {},
};
const alive = () => {
  for (let n = 0; n < 3; n++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};
const ask = (question) =>
  recommender
    .fetch(new Request('http://recommender/', { method: 'POST', body: JSON.stringify(question) }))
    .then((response) => response.json());

const before = alive();
const recommender = new Recommender({ storage });
await recommender.fetch(new Request('http://recommender/model', { method: 'PUT', body: readFileSync(stateFile) }));
await ask({ action: 'recommend', user: '100', k: 10 });
const serving = alive() - before;
const times = [];
for (let n = 0; n < Number(deletions); n++) {
  const start = process.threadCpuUsage?.() ?? process.cpuUsage();
  await ask({ action: 'forget', request: { users: [`${200 + 137 * n}`] } });
  const { user, system } = process.threadCpuUsage?.(start) ?? process.cpuUsage(start);
  times.push((user + system) / 1000);
}
const after = alive() - before;
const { linearMemoryBytes } = await ask({ action: 'health' });
times.sort((a, b) => a - b);
console.log(JSON.stringify({ serving, after, linearMemoryBytes, median: times[times.length >> 1], least: times[0], most: times.at(-1) }));
