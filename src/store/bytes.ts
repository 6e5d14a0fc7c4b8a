// Bytes of blocks: numbers of any length, arrays as they lie in memory, one after the other.

/** Grows as it is written to. */
export class ByteWriter {
  #bytes = new Uint8Array(1 << 12);
  #length = 0;

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(2 * (this.#length + more));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  /** A whole number from 0 to 2^32 − 1, seven bits a byte, lowest first. */
  number(value: number): void {
    this.#room(5);
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  array(array: ArrayBufferView): void {
    this.#room(array.byteLength);
    this.#bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), this.#length);
    this.#length += array.byteLength;
  }

  /** What was written; the writer begins anew. */
  finish(): Uint8Array {
    const all = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return all;
  }
}

/** The way back. Reads beyond the end throw a RangeError. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  number(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (at >= bytes.length) throw new RangeError('the block ends too early');
      const byte = bytes[at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    this.#at = at;
    return value >>> 0;
  }

  /** Bytes as a view. */
  bytes(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('the block ends too early');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  /** All that is left, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.#bytes.length - this.#at);
  }

  floats32(length: number): Float32Array {
    return new Float32Array(this.bytes(4 * length).slice().buffer);
  }
  floats64(length: number): Float64Array {
    return new Float64Array(this.bytes(8 * length).slice().buffer);
  }
  words(length: number): Uint32Array {
    return new Uint32Array(this.bytes(4 * length).slice().buffer);
  }

  /** @throws RangeError where something is left. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new RangeError('the block is longer than what it says');
  }
}

/** Whether two blocks hold the same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let n = 0; n < a.length; n++) if (a[n] !== b[n]) return false;
  return true;
}
