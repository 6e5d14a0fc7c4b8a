// lethe learn STORE FILE: new or changed interactions, users and items, into a store.
import { readAdditions, withLine } from './additions.ts';
import type { Context } from './command.ts';
import { requireStore, withStore } from './store.ts';
import { count, fields, secondsText } from './terminal.ts';
import { UsageError } from './usage.ts';

/** Flags of `learn MODEL DATA ADDITIONS` that a store has no use for. */
const ELSEWHERE = ['out', 'data-out'] as const;

export async function learnInStore(context: Context): Promise<void> {
  const { args, terminal, signal } = context;
  const [path, file] = args.operands;
  requireStore(path);
  const wrong = ELSEWHERE.find((flag) => args.has(flag));
  if (wrong) throw new UsageError(`--${wrong} is for MODEL DATA; a store is changed in its place`);
  const { stage = 'a', ...options } = args.options() as { stage?: 'a' | 'b' | 'c' };
  const method = args.text('method');
  const control = { signal, onProgress: terminal.progress, threads: args.threads };
  const started = performance.now();
  const { event, report, digest } = await withStore(args, async (store) => {
    const { additions, lines } = await readAdditions(context, file, await store.state());
    const done = await store
      .learn(additions, { ...control, ...(method && { method }), ...(Object.keys(options).length > 0 && { options }) })
      .catch((error) => {
        throw withLine(error, file === '-' ? 'standard input' : file, lines);
      });
    if (stage !== 'a') await store.converge({ ...control, stage });
    return { ...done, event: store.event, digest: store.digest };
  });
  const {
    learned,
    method: by,
    exactness,
    unchanged,
  } = report as {
    learned: { users: number; items: number; interactions: number; changed: number };
    method: string;
    exactness: string;
    unchanged?: number;
  };
  const seconds = (performance.now() - started) / 1000;
  const text = `${count(learned.users, 'user')}, ${count(learned.items, 'item')}, ${count(learned.interactions, 'interaction')}`;
  terminal.result(
    { event, learnt: learned, ...(unchanged !== undefined && { unchanged }), method: by, exactness, digest, seconds },
    fields([
      ['event', event],
      ['learnt', `${text}${learned.changed > 0 ? `, ${learned.changed} changed` : ''}`],
      ['method', `${by} (${exactness})`],
      ['time', secondsText(seconds)],
      ['digest', digest],
    ]),
  );
}
