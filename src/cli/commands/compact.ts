// lethe compact: canonical positions and physical clean-up of a store.
import type { Command } from '../command.ts';
import { requireStore, WAIT_FLAG, withStore } from '../store.ts';
import { bytesText, fields, secondsText } from '../terminal.ts';

export const compact: Command = {
  name: 'compact',
  summary: 'Bring a store into canonical order, without holes, and give room back.',
  usage: 'STORE',
  operands: [1, 1],
  flags: [WAIT_FLAG],
  async run({ args, terminal, signal }) {
    requireStore(args.operands[0]);
    const started = performance.now();
    const result = await withStore(args, async (store) => {
      const { event } = await store.compact({ signal, onProgress: terminal.progress, threads: args.threads });
      const { users, items, bytes } = await store.status();
      return { event: event.number, digest: event.digest, users, items, dropped: event.counts, bytes };
    });
    const seconds = (performance.now() - started) / 1000;
    terminal.result(
      { ...result, seconds },
      fields([
        ['event', result.event],
        ['users', result.users],
        ['items', result.items],
        ['time', secondsText(seconds)],
        ['digest', result.digest],
        ['size', bytesText(result.bytes)],
      ]),
    );
  },
};
