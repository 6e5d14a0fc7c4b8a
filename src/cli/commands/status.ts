// lethe status: what a store holds, what is pending, and whether a retrain is due.

import { openStore } from '../../store/create.ts';
import { sqliteStorage } from '../../store/sqlite.ts';
import type { Command } from '../command.ts';
import { requireStore } from '../store.ts';
import { bytesText, count, fields } from '../terminal.ts';

export const status: Command = {
  name: 'status',
  summary: 'What a store holds, what is pending, and whether a retrain is due.',
  usage: 'STORE',
  operands: [1, 1],
  flags: [],
  async run({ args, terminal }) {
    const [path] = args.operands;
    requireStore(path);
    const store = await openStore(await sqliteStorage(path, { readOnly: true }));
    const result = await store.status();
    await store.close();
    const { forget, stages, since } = result.pending;
    const pending = [
      ...(forget > 0 ? [`${count(forget, 'forgetting')} since ${new Date(since!).toISOString()}`] : []),
      ...(stages.length > 0 ? [`stages ${stages.join(', ')}`] : []),
    ];
    terminal.result(
      result,
      fields([
        ['model', result.model],
        ['event', result.event],
        ['users', result.users],
        ['items', result.items],
        ['interactions', result.interactions],
        ...Object.entries(result.heldOut).filter(([, n]) => n > 0),
        ['pending', pending.length > 0 ? `${pending.join('; ')} (lethe converge)` : 'nothing'],
        ['retrain', `${result.retrainDue ? 'due' : 'not due'}: ${result.why}`],
        ['digest', result.digest],
        ['size', bytesText(result.bytes)],
      ]),
    );
  },
};
