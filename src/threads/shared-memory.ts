// The kernels for shared memory: the same code, byte for byte, with the module's own memory exchanged for an imported,
// shared one. So threads cost no second copy of the kernels, and compute what one thread computes.

import { utf8 } from '../base/host.ts';

/** Pages of 64 kB that a shared memory may grow to: 4 GiB. Address space, not memory. */
export const MAX_PAGES = 65536;

const IMPORT = 2;
const MEMORY = 5;

/**
 * The module's bytes with an import `env.memory` in place of its memory.
 * @returns the bytes, and the pages that the memory must have at least.
 * @throws TypeError for a module that is not made like the kernels: one memory of its own, no imports.
 */
export function withSharedMemory(bytes: Uint8Array): { bytes: Uint8Array<ArrayBuffer>; pages: number } {
  const sections: { id: number; from: number; to: number }[] = [];
  let pages = -1;
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at];
    const size = readUint(bytes, at + 1);
    const to = size.next + size.value;
    if (id === IMPORT) throw new TypeError('the kernels import something');
    // One memory: count, flags (bit 0: a maximum follows), initial pages.
    if (id === MEMORY && bytes[size.next] === 1) pages = readUint(bytes, size.next + 2).value;
    if (id !== MEMORY) sections.push({ id, from: at, to });
    at = to;
  }
  if (pages < 0) throw new TypeError('the kernels have no memory of their own');
  const name = (text: string): number[] => [text.length, ...utf8(text)];
  // One import: a memory (2) that is shared and has a maximum (3).
  const content = [1, ...name('env'), ...name('memory'), 2, 3, ...uint(pages), ...uint(MAX_PAGES)];
  const imports = Uint8Array.from([IMPORT, ...uint(content.length), ...content]);
  // Sections stand in the order of their ids; custom ones (0) anywhere.
  const place = sections.findIndex(({ id }) => id > IMPORT);
  const parts = sections.map(({ from, to }) => bytes.subarray(from, to));
  parts.splice(place < 0 ? parts.length : place, 0, imports);
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 8));
  whole.set(bytes.subarray(0, 8));
  let at = 8;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return { bytes: whole, pages };
}

/** An unsigned number in LEB128, and where the next begins. */
function readUint(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++];
    value += (byte & 127) * scale;
    if (byte < 128) return { value, next: at };
  }
}

function uint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return [...bytes, value];
}
