// Weak doors, one for each fault, as they are often built: the negative control of the suite, which must find all of them.
import type { Attack } from './attacks/attack.ts';
import { damaged } from './mutate.ts';
import { type Fault, never, tryDoor } from './verdict.ts';

const whole = new TextEncoder().encode('{"rows":[1,2,3]}');
/** A module whose only function traps: (func (export "f") unreachable). */
const TRAP = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11);

const weak = (name: string, door: (bytes: Uint8Array) => unknown, patience?: number): Attack => ({
  name: `weak door: ${name}`,
  patience,
  prepare: async () => async (draw) => tryDoor('damaged JSON', () => door(damaged(whole, draw)), never),
});

/** One round in eight or so does harm, so that it takes a search to find it. */
const rarely = (bytes: Uint8Array): boolean => bytes.length % 8 === 0;
const refuse = (): never => {
  throw new TypeError('expected JSON, found damaged JSON');
};

/** What each of them has, and must be found to have. */
export const WEAK: readonly (readonly [Fault, Attack])[] = Object.freeze([
  ['silent acceptance', weak('believes what it is given', (bytes) => (rarely(bytes) ? bytes : refuse()))],
  ['crash', weak('lets the engine speak', (bytes) => (rarely(bytes) ? (undefined as unknown as { rows: number }).rows : refuse()))],
  ['crash', weak('ends the process', (bytes) => (rarely(bytes) ? process.exit(0) : refuse()))],
  [
    'trap',
    weak('hands everything to a kernel', (bytes) =>
      rarely(bytes) ? (new WebAssembly.Instance(new WebAssembly.Module(TRAP)).exports.f as () => void)() : refuse(),
    ),
  ],
  [
    'hang',
    weak(
      'searches for an end',
      (bytes) => {
        for (; rarely(bytes); );
        return refuse();
      },
      1500,
    ),
  ],
]);
