// A process that attacks, and may die of it. It says which round begins before it does, so that whoever watches knows what
// it died of. Usage: node child.js ATTACK SEED FIRST-ROUND ROUNDS
import { writeSync } from 'node:fs';
import { ATTACKS } from './attacks/index.ts';
import { Draw } from './draw.ts';
import { type Fault, Finding, findingOf } from './verdict.ts';
import { WEAK } from './weak.ts';

/** A line to whoever watches; synchronous, since the next round may be the last. */
export type Said =
  | { readonly ready: true }
  | { readonly begins: number }
  | { readonly round: number; readonly fault: Fault; readonly message: string }
  | { readonly ended: number; readonly refused: number };

const say = (said: Said): unknown => writeSync(1, `${JSON.stringify(said)}\n`);

const [, , name, seed, first, rounds] = process.argv;
const attack = [...ATTACKS, ...WEAK.map(([, weak]) => weak)].find((candidate) => candidate.name === name)!;
// What nobody awaits is a crash of the program that uses the library.
process.on('unhandledRejection', (reason) => {
  throw reason;
});
const run = await attack.prepare();
say({ ready: true });
let refused = 0;
const end = Number(first) + Number(rounds);
for (let round = Number(first); round < end; round++) {
  say({ begins: round });
  try {
    if (await run(new Draw(Number(seed), round))) refused++;
  } catch (error) {
    const { fault, message } = findingOf(error, 'the attack itself') ?? new Finding('crash', `the attack itself: ${error}`);
    say({ round, fault, message });
  }
}
say({ ended: end, refused });
