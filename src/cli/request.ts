// The flags that say what to forget, and the request that they make.
import type { ForgetRequest } from '../forget/request.ts';
import type { Arguments, Flag } from './flags.ts';
import { COLUMN_FLAG, idsGiven, pairsIn } from './lists.ts';
import { UsageError } from './usage.ts';

export const REQUEST_FLAGS: readonly Flag[] = [
  {
    name: 'users',
    takes: 'A,B|@FILE',
    many: true,
    doc: 'Users to forget: a list (quoted as in CSV where an id holds a comma), or a file with one id per line.',
  },
  { name: 'items', takes: 'A,B|@FILE', many: true, doc: 'Items to forget, in the same way.' },
  {
    name: 'interactions',
    takes: '@FILE',
    many: true,
    doc: 'Single interactions to forget: a file with `user,item` (or tab-separated) per line, quoted as in CSV.',
  },
  { name: 'modality', takes: 'NAME', doc: 'A modality to forget, such as image.' },
  { name: 'of-items', takes: 'A,B|@FILE', many: true, doc: 'The items whose modality is forgotten; all where absent.' },
  COLUMN_FLAG,
  { name: 'ignore-unknown', doc: 'Go on without ids that the data do not have, instead of refusing.' },
];

/** The request that the flags make; undefined where none was given. */
export async function requestOf(args: Arguments): Promise<ForgetRequest | undefined> {
  const users = await idsGiven(args, 'users');
  const items = await idsGiven(args, 'items');
  const ofItems = await idsGiven(args, 'of-items');
  const interactions: [string, string][] = [];
  for (const text of args.all('interactions')) {
    if (!text.startsWith('@')) throw new UsageError('--interactions expected @FILE, a file with `user,item` per line');
    for (const pair of await pairsIn(text.slice(1))) interactions.push(pair);
  }
  const name = args.text('modality');
  if (ofItems && name === undefined) throw new UsageError('--of-items needs --modality');
  if (!users && !items && interactions.length === 0 && name === undefined) return undefined;
  return {
    ...(users && { users }),
    ...(items && { items }),
    ...(interactions.length > 0 && { interactions }),
    ...(name !== undefined && { modality: { name, ...(ofItems && { items: ofItems }) } }),
  };
}
