// lethe recommend STORE --user: one list, without reading all of the store.
import type { OnCold } from '../model/recommend.ts';
import { openStore } from '../store/create.ts';
import { sqliteStorage } from '../store/sqlite.ts';
import type { Context } from './command.ts';
import { itemTable } from './terminal.ts';

export async function recommendInStore(
  { args, terminal }: Context,
  options: { readonly k: number; readonly onCold?: OnCold },
): Promise<void> {
  const user = args.required('user');
  const store = await openStore(await sqliteStorage(args.operands[0], { readOnly: true }));
  try {
    const suppressed = store.suppressed.users.has(user);
    const found = await store.recommend(user, { ...options, includeSeen: args.on('include-seen') });
    const cold = found[0]?.cold === true;
    const items = found.map(({ cold: _, ...item }) => item);
    if (cold) terminal.note(`user ${JSON.stringify(user)} has no training rows: the most popular items are served`);
    if (suppressed) terminal.note(`user ${JSON.stringify(user)} is being forgotten: nothing is served`);
    terminal.result({ user, ...(cold && { cold }), ...(suppressed && { suppressed }), items }, itemTable(items));
  } finally {
    await store.close();
  }
}
