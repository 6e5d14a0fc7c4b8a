// Bytes of kernels from the text that scripts/build.mjs makes of them.

/** @param size how many bytes there are. */
export function bytesOfText(text: string, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let i = 0, n = 0, high = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 124)
      high = (code - 124) * 88; // '}' and '~' raise the byte that follows
    else {
      bytes[n++] = high + (code === 123 ? 57 : code - 35);
      high = 0;
    }
  }
  return bytes;
}
