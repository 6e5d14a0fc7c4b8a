// Bytes and JSON that somebody damaged or changed on purpose.
import type { Draw } from './draw.ts';

/** Flips, cuts, repeats, inserts or overwrites, in one to three places. */
export function damaged(bytes: Uint8Array, draw: Draw): Uint8Array<ArrayBuffer> {
  let out: Uint8Array<ArrayBuffer> = new Uint8Array(bytes);
  for (let edit = draw.below(3); edit >= 0; edit--) {
    const place = draw.below(out.length + 1);
    const few = draw.below(24);
    switch (draw.below(6)) {
      case 0:
        if (place < out.length) out[place] ^= 1 << draw.below(8);
        break;
      case 1:
        out = out.slice(0, place);
        break;
      case 2:
        out = spliced(out, place, 0, out.subarray(place, place + few));
        break;
      case 3:
        out = spliced(out, place, 0, Uint8Array.of(draw.pick([0, 9, 10, 13, 34, 44, 45, 46, 48, 57, 58, 127, 239, 255])));
        break;
      case 4:
        out = spliced(out, place, few, new Uint8Array(0));
        break;
      default:
        if (place + 4 <= out.length)
          new DataView(out.buffer).setUint32(place, draw.pick([0, 1, 0x7fffffff, 0x80000000, 0xffffffff]), draw.chance(0.5));
    }
  }
  return out;
}

function spliced(bytes: Uint8Array, place: number, gone: number, added: Uint8Array): Uint8Array<ArrayBuffer> {
  const after = bytes.subarray(Math.min(bytes.length, place + gone));
  const out = new Uint8Array(place + added.length + after.length);
  out.set(bytes.subarray(0, place));
  out.set(added, place);
  out.set(after, place + added.length);
  return out;
}

const ODD: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  2.5,
  7,
  1e9,
  2 ** 31,
  2 ** 53,
  -1e308,
  '',
  '0',
  'x',
  '__proto__',
  'constructor',
  '\ud800',
  '\0',
  [],
  {},
  [[]],
  [null],
  { valueOf: 1 },
];

/** A copy of a JSON value with something in it deleted, replaced, renamed, repeated or swapped. */
export function changedJson(value: unknown, draw: Draw): unknown {
  const copy = structuredClone(value);
  const holder = walk(copy, draw);
  const keys = Object.keys(holder);
  const key = draw.pick(keys);
  const entries = holder as Record<string, unknown>;
  switch (draw.below(5)) {
    case 0:
      delete entries[key];
      break;
    case 1:
      Object.defineProperty(entries, draw.pick(['__proto__', 'extra', '']), {
        value: draw.pick(ODD),
        enumerable: true,
        configurable: true,
        writable: true,
      });
      break;
    case 2:
      entries[key] = entries[draw.pick(keys)];
      break;
    case 3:
      if (typeof entries[key] === 'number') entries[key] = entries[key] * draw.pick([-1, 0, 2, 0.5, 1e6]) + draw.pick([-1, 0, 1]);
      else entries[key] = draw.pick(ODD);
      break;
    default:
      entries[key] = draw.pick(ODD);
  }
  return copy;
}

/** Some object or array in the value that is not empty, the outermost in a third of cases. */
function walk(value: unknown, draw: Draw): object {
  let holder = value as object;
  for (;;) {
    const inner = Object.values(holder).filter((entry) => typeof entry === 'object' && entry !== null && Object.keys(entry).length > 0);
    if (inner.length === 0 || draw.chance(1 / 3)) return holder;
    holder = draw.pick(inner);
  }
}
