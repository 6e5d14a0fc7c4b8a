// The arguments of every public function: one of a wrong kind, two in each other's place, one left out, an option that
// nobody knows or of a wrong kind. All of them must be refused.
import { als, type Dataset, type Model, partitionOf, retrain } from '../../../src/index.ts';
import type { Draw } from '../draw.ts';
import { never, tryDoor } from '../verdict.ts';
import { type Attack, smallData } from './attack.ts';
import { type Argument, type Door, type Kind, makeDoors } from './doors.ts';

/** Values, each with the kinds that it can pass for. */
type Wrong = readonly [name: string, value: unknown, passesFor: readonly Kind[]];

const TEXTS: readonly Kind[] = ['name', 'path', 'parts'];

function wrongValues(model: Model, data: Dataset): Wrong[] {
  return [
    ['null', null, []],
    ['true', true, ['flag']],
    ['NaN', NaN, []],
    ['Infinity', Infinity, ['number']],
    ['-7', -7, ['number']],
    ['2.5', 2.5, ['number']],
    ['1e300', 1e300, ['number']],
    ['"none such"', 'none such', TEXTS],
    ['[]', [], ['ids', 'positions', 'parts']],
    ['[null]', [null], []],
    ['a function', () => 1, ['function']],
    ['a symbol', Symbol('x'), []],
    ['a model', model, []],
    ['data', data, []],
    ['a partition', partitionOf(data, { users: ['u1'] }), []],
    ['a kind', als, []],
    ['a method', retrain, ['method']],
    ['bytes', new Uint8Array(7), ['positions', 'parts']],
  ];
}

const bare = (kind: Argument): Kind | undefined => (typeof kind === 'string' ? (kind.replace(/[[\]]/g, '') as Kind) : undefined);
/** `null` is taken for what is left out. */
const passes = ([, value, passesFor]: Wrong, kind: Kind): boolean =>
  kind === 'anything' || passesFor.includes(kind) || (kind === 'kind' && value === als);

export const apiArguments: Attack = {
  name: 'arguments of every public function',
  async prepare() {
    const doors = await makeDoors();
    const data = smallData();
    const wrongs = wrongValues(await als.fit(data, { factors: 4, iterations: 1 }), data);
    return async (draw) => {
      let door: Door;
      let changed: ReturnType<Change>;
      do {
        door = draw.pick(doors);
        changed = draw.pick([otherKind, otherOption, unknownOption, swapped, leftOut])(door, wrongs, draw);
      } while (!changed);
      const [tried, args] = changed;
      return tryDoor(`${door.name}: ${tried}`, () => door.call(...args), never);
    };
  },
};

type Change = (door: Door, wrongs: readonly Wrong[], draw: Draw) => [tried: string, args: unknown[]] | undefined;

const otherKind: Change = ({ values, kinds }, wrongs, draw) => {
  const at = draw.below(values.length);
  const wrong = draw.pick(wrongs);
  const kind = bare(kinds[at]);
  if (kind !== undefined && passes(wrong, kind)) return undefined;
  if (kind === 'data' && wrong[0] === 'data') return undefined;
  if (kind === 'model' && wrong[0] === 'a model') return undefined;
  if (kind === 'partition' && wrong[0] === 'a partition') return undefined;
  return [`argument ${at + 1} is ${wrong[0]}`, values.map((value, n) => (n === at ? wrong[1] : value))];
};

const otherOption: Change = ({ values, kinds }, wrongs, draw) => {
  const at = draw.below(values.length);
  const known = kinds[at];
  if (typeof known === 'string' || Object.keys(known).length === 0) return undefined;
  const option = draw.pick(Object.keys(known));
  const wrong = draw.pick(wrongs);
  const kind = known[option];
  const same = { data: 'data', model: 'a model', partition: 'a partition' }[kind as 'data'] === wrong[0];
  if (same || wrong[1] === null || passes(wrong, kind) || (kind === 'number' && typeof wrong[1] === 'number')) return undefined;
  return [`option ${option} is ${wrong[0]}`, values.map((value, n) => (n === at ? { ...(value as object), [option]: wrong[1] } : value))];
};

const unknownOption: Change = ({ values, kinds }, _wrongs, draw) => {
  const at = draw.below(values.length);
  if (typeof kinds[at] === 'string') return undefined;
  const name = draw.pick(['colour', 'K', 'Threads', 'iteration', '']);
  return [`option ${JSON.stringify(name)} is unknown`, values.map((value, n) => (n === at ? { ...(value as object), [name]: 1 } : value))];
};

const swapped: Change = ({ values, kinds }, _wrongs, draw) => {
  const one = draw.below(values.length);
  const other = draw.below(values.length);
  const same = typeof kinds[one] === 'string' && kinds[one] === kinds[other];
  const empty = (at: number): boolean => typeof kinds[at] !== 'string' && Object.keys(values[at] as object).length === 0;
  if (one === other || same || (empty(one) && empty(other))) return undefined;
  if (bare(kinds[one]) === 'name' || bare(kinds[other]) === 'name') return undefined;
  const args = [...values];
  [args[one], args[other]] = [values[other], values[one]];
  return [`arguments ${one + 1} and ${other + 1} are swapped`, args];
};

const leftOut: Change = ({ values, kinds }, _wrongs, draw) => {
  const at = draw.below(values.length);
  const kind = kinds[at];
  // Options, and what stands in brackets, may be left out; what comes after what is left out would be its place.
  if (typeof kind !== 'string' || kind.startsWith('[')) return undefined;
  if (['whole', 'request', 'count'].includes(kind)) return undefined;
  return [`argument ${at + 1} is left out`, values.map((value, n) => (n === at ? undefined : value))];
};
