// Attacks every door of the library with what is broken, foreign or meant to harm, and counts what must not happen.
// Usage: npm run test:hostile -- [--minutes 3] [--seed 1] [--attack NAME] [--round N]
// The same seed gives the same rounds. --attack and --round repeat what was found. Status 1 where anything was found, or
// where a weak door was not.
import { parseArgs } from 'node:util';
import type { Attack } from './attacks/attack.ts';
import { ATTACKS } from './attacks/index.ts';
import { FAULTS, type Fault } from './verdict.ts';
import { attackFrom, type Count } from './watch.ts';
import { WEAK } from './weak.ts';

/** Rounds in one process. */
const ROUNDS = 2000;
/** Rounds in which each weak door must be found. */
const CONTROL = 200;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    attack: { type: 'string' },
    round: { type: 'string' },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
if (!(minutes > 0) || !Number.isSafeInteger(seed) || seed < 0) {
  console.error('--minutes expected a number > 0, --seed an integer >= 0');
  process.exit(2);
}
const attacks = ATTACKS.filter(({ name }) => values.attack === undefined || name === values.attack);
if (attacks.length === 0) {
  console.error(`--attack expected one of: ${ATTACKS.map(({ name }) => name).join('; ')}`);
  process.exit(2);
}

const counts = new Map<Fault, number>(FAULTS.map((fault) => [fault, 0]));
const seen = new Set<string>();

function report({ name }: Attack, { rounds, refused, found }: Count): void {
  for (const { round, fault, message } of found) {
    counts.set(fault, counts.get(fault)! + 1);
    const line = `${fault}: ${message}`;
    if (seen.has(line) || seen.size > 200) continue;
    seen.add(line);
    console.log(`  ${line}\n    again: npm run test:hostile -- --seed ${seed} --attack ${JSON.stringify(name)} --round ${round}`);
  }
  console.log(
    `${name}: ${rounds} rounds, ${refused} refused, ${rounds - refused - found.length} answered and sound, ${found.length} found`,
  );
}

if (values.round !== undefined) report(attacks[0], await attackFrom(attacks[0], seed, Number(values.round), 1));
else {
  const end = Date.now() + minutes * 60_000;
  for (let first = 0; first === 0 || Date.now() < end; first += ROUNDS) {
    for (const attack of attacks) if (first === 0 || Date.now() < end) report(attack, await attackFrom(attack, seed, first, ROUNDS, 50));
  }
}
let missed = 0;
for (const [fault, weak] of WEAK) {
  const { found } = await attackFrom(weak, seed, 0, CONTROL, 1);
  const seenThere = found.some((finding) => finding.fault === fault);
  if (!seenThere) missed++;
  console.log(`control, ${weak.name}: ${seenThere ? `found (${fault})` : `NOT FOUND: expected ${fault}`}`);
}
console.log([...counts].map(([fault, count]) => `${fault}: ${count}`).join(', ') + `, weak doors missed: ${missed} (seed ${seed})`);
process.exit(missed + [...counts.values()].reduce((sum, count) => sum + count, 0) > 0 ? 1 : 0);
