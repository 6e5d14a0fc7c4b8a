// Requests to forget: an oracle of its own says which mean something, and how many interactions they take.
import { type ForgetRequest, type Partition, partitionOf } from '../../../src/index.ts';
import type { Draw } from '../draw.ts';
import { tryDoor } from '../verdict.ts';
import { type Attack, smallData } from './attack.ts';

const data = smallData();
const { indptr, indices } = data.userItems;
const PAIRS = Array.from({ length: data.userItems.rows }, (_, u) =>
  Array.from(indices.subarray(indptr[u], indptr[u + 1]), (i) => [data.users.at(u)!, data.items.at(i)!] as const),
).flat();
const USERS = [...data.users];
const ITEMS = [...data.items];
const NONSENSE: readonly unknown[] = [
  null,
  0,
  7,
  NaN,
  true,
  'u1',
  '',
  {},
  [],
  [[]],
  ['u1', 'i1', 'x'],
  () => 'u1',
  Symbol('u1'),
  new Date(0),
  Int32Array.of(1),
];
const STRANGE = ['nobody', '', '__proto__', 'constructor', 'U1', ' u1', 'u01', '\ud800'];

function drawRequest(draw: Draw): unknown {
  if (draw.chance(0.05)) return draw.pick(NONSENSE);
  const idsOf = (known: readonly string[]): unknown => {
    if (draw.chance(0.08)) return draw.pick(NONSENSE);
    return Array.from({ length: draw.below(4) }, () => drawId(known, draw));
  };
  const request: Record<string, unknown> = {};
  if (draw.chance(0.6)) request.users = idsOf(USERS);
  if (draw.chance(0.4)) request.items = idsOf(ITEMS);
  if (draw.chance(0.4))
    request.interactions = draw.chance(0.1) ? draw.pick(NONSENSE) : Array.from({ length: draw.below(4) }, () => drawPair(draw));
  if (draw.chance(0.1))
    request.modality = draw.pick<unknown>([
      { name: 'text' },
      { name: 'text', items: idsOf(ITEMS) },
      { name: 'video' },
      { named: 'text' },
      ...NONSENSE,
    ]);
  if (draw.chance(0.04)) request[draw.pick(['user', 'Users', 'extra'])] = ['u1'];
  return request;
}

function drawId(known: readonly string[], draw: Draw): unknown {
  if (draw.chance(0.04)) return draw.pick(NONSENSE);
  return draw.pick(draw.chance(0.08) ? STRANGE : known);
}

function drawPair(draw: Draw): unknown {
  const [user, item] = draw.pick(PAIRS);
  if (draw.chance(0.1)) return draw.pick<unknown>([[item, user], [user], [user, item, item], [user, 'nothing'], [7, item], ...NONSENSE]);
  return [user, item];
}

const isIds = (value: unknown, known: readonly string[]): value is string[] =>
  Array.isArray(value) && value.every((id) => known.includes(id));

/** The interactions that leave, as texts; undefined where the request means nothing, or everything, or is none. */
function oracle(request: unknown): Set<string> | undefined {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) return undefined;
  const { users = [], items = [], interactions = [], modality, ...rest } = request as Record<string, unknown>;
  if (Object.keys(rest).length > 0 || !isIds(users, USERS) || !isIds(items, ITEMS) || !Array.isArray(interactions)) return undefined;
  const known = new Set(PAIRS.map(([user, item]) => `${user} ${item}`));
  const listed = interactions.map((pair) =>
    Array.isArray(pair) && pair.length === 2 && pair.every((id) => typeof id === 'string') ? pair.join(' ') : 'none',
  );
  if (!listed.every((pair) => known.has(pair))) return undefined;
  if (modality !== undefined && !isModality(modality)) return undefined;
  const gone = new Set([
    ...PAIRS.filter(([user, item]) => users.includes(user) || items.includes(item)).map(([user, item]) => `${user} ${item}`),
    ...listed,
  ]);
  const something = users.length + items.length + listed.length > 0 || revokes(modality);
  return something && gone.size < PAIRS.length ? gone : undefined;
}

function isModality(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { name, items = [], ...rest } = value as Record<string, unknown>;
  return name === 'text' && isIds(items, ITEMS) && Object.keys(rest).length === 0;
}

function revokes(modality: unknown): boolean {
  const items = (modality as { items?: string[] } | undefined)?.items;
  return modality !== undefined && (items === undefined || items.length > 0);
}

export const requests: Attack = {
  name: 'requests to forget',
  async prepare() {
    return async (draw) => {
      const request = drawRequest(draw);
      const expected = oracle(request);
      const tried = `the request ${text(request)}`;
      const refused = await tryDoor(
        tried,
        () => partitionOf(data, request as ForgetRequest),
        (partition) => wrongWith(partition, expected),
      );
      if (refused && expected) throw new Error(`${tried} was refused, and means something`);
      return refused;
    };
  },
};

function wrongWith({ entries, retain }: Partition, expected: Set<string> | undefined): string | undefined {
  if (!expected) return 'was accepted';
  if (entries.length !== expected.size) return `${entries.length} interactions left instead of ${expected.size}`;
  return retain.interactions === PAIRS.length - expected.size ? undefined : `${retain.interactions} interactions remain`;
}

function text(value: unknown): string {
  return (
    JSON.stringify(value, (_, entry) => (typeof entry === 'function' || typeof entry === 'symbol' ? String(entry) : entry)) ?? String(value)
  );
}
