// Watches processes that attack: whoever dies or does not answer is counted, and the next round goes on in another.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Attack } from './attacks/attack.ts';
import type { Said } from './child.ts';
import type { Fault } from './verdict.ts';

export interface Found {
  readonly round: number;
  readonly fault: Fault;
  readonly message: string;
}

export interface Count {
  readonly rounds: number;
  /** Rounds whose door refused; the others were answered, and the answer held. */
  readonly refused: number;
  readonly found: readonly Found[];
}

/** Milliseconds until an attack is prepared: it trains a model of each kind, perhaps on a busy machine. */
const PREPARATION = 300_000;
const PATIENCE = 30_000;

/** Runs rounds of an attack, from the given one on. @param until a time (ms) after which no further process begins. */
export async function attackFrom(attack: Attack, seed: number, first: number, rounds: number, most = Infinity): Promise<Count> {
  const found: Found[] = [];
  let refused = 0;
  let next = first;
  while (next < first + rounds && found.length < most) {
    const part = await oneProcess(attack, seed, next, first + rounds - next);
    found.push(...part.found);
    refused += part.refused;
    next = part.next;
  }
  return { rounds: next - first, refused, found };
}

interface Part {
  readonly found: readonly Found[];
  readonly refused: number;
  readonly next: number;
}

/** One process, until it ends, dies or is killed for not answering. */
async function oneProcess({ name, patience = PATIENCE }: Attack, seed: number, first: number, rounds: number): Promise<Part> {
  const child: ChildProcess = spawn(
    process.execPath,
    [fileURLToPath(new URL('child.js', import.meta.url)), name, seed, first, rounds].map(String),
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const found: Found[] = [];
  let at = -1;
  let end: { ended: number; refused: number } | undefined;
  let hung = false;
  let complaint = '';
  let timer: NodeJS.Timeout | undefined;
  const wait = (milliseconds: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      hung = true;
      child.kill('SIGKILL');
    }, milliseconds);
  };
  wait(PREPARATION);
  child.stderr!.on('data', (text: Buffer) => {
    complaint = `${complaint}${text}`.slice(-2000);
  });
  const exited = new Promise<string>((done) => {
    child.once('close', (status, signal) => done(signal ?? `status ${status}`));
  });
  for await (const line of createInterface({ input: child.stdout! })) {
    const said = JSON.parse(line) as Said;
    if ('begins' in said) at = said.begins;
    else if ('fault' in said) found.push(said);
    else if ('ended' in said) end = said;
    wait(patience);
  }
  const way = await exited;
  clearTimeout(timer);
  if (end) return { found, refused: end.refused, next: end.ended };
  if (at < 0) throw new Error(`${name} could not be prepared (${way}): ${complaint}`);
  const died: Found = {
    round: at,
    fault: hung ? 'hang' : 'crash',
    message: hung ? `no answer for ${patience} ms` : `the process ended (${way}) ${complaint}`,
  };
  return { found: [...found, died], refused: 0, next: at + 1 };
}
