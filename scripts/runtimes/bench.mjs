// `npm run bench:runtimes [-- --only NAME,…] [--all] [--json FILE]`: the kernel bench on every runtime, one after the other, in
// one table of speeds against the newest Node. workerd runs it too, but its clock stands still: its column is empty.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { speedTable } from './compare-speed.mjs';
import { chosen, debianThere, HOSTS } from './hosts.mjs';
import { ENTRY, edgeForms, entryText, link } from './link.mjs';
import { install } from './tools.mjs';

const { values } = parseArgs({ options: { all: { type: 'boolean' }, only: { type: 'string' }, json: { type: 'string' } } });
const only = chosen(values.only);
const suite = 'dist/bench/portable.js';
const BASE = 'Node newest';
const linked = (replaced) => link([ENTRY], { [ENTRY]: entryText([], suite), ...replaced });
const plain = linked({});
const embedded = linked(edgeForms);
// The one that all are compared with comes first, and again at the end: how far it is from itself shows how quiet the machine was.
const hosts = HOSTS.filter(({ name, extra }) => name !== BASE && (only?.(name) ?? (values.all || !extra)));
const base = HOSTS.find(({ name }) => name === BASE);

const rows = [];
for (const host of [base, ...hosts, { ...base, name: `${BASE}, again` }]) {
  const row = { name: host.name, version: '', stages: [] };
  rows.push(row);
  if (install(host.tools ?? []).length > 0 || !debianThere(host)) row.missing = 'not on this machine';
  else {
    try {
      const { version, result } = await host.run({ files: [], suite, modules: host.name === 'workerd' ? embedded : plain });
      if (result.failed > 0) throw new Error(result.failures.join('\n'));
      if (result.notRun?.length > 0) throw new Error(`not finished: ${result.notRun.join(', ')}`);
      Object.assign(row, { version: version ?? '', stages: result.golden });
    } catch (error) {
      row.missing = error.message;
    }
  }
  console.error(`${row.name} ${row.version}: ${row.missing ? `missing: ${row.missing.slice(0, 500)}` : `${row.stages.length} entries`}`);
}
console.log(`${cpus()[0].model.trim()}; speed against ${BASE}: 1.00 is as fast, 0.50 takes twice as long\n\n${speedTable(rows)}`);
if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 1)}\n`);
process.exit(rows[0].missing ? 1 : 0);
