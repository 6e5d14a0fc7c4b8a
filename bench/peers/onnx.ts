// The smallest model file that onnxruntime takes: one Gemm, Y[m × n] = A[m × k] · B[k × n], as protocol buffers.

const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))]);
const number = (field: number, value: number): number[] => [...varint(field << 3), ...varint(value)];
const message = (field: number, ...content: readonly number[][]): number[] => {
  const bytes = content.flat();
  return [...varint((field << 3) | 2), ...varint(bytes.length), ...bytes];
};
const text = (field: number, value: string): number[] => message(field, [...new TextEncoder().encode(value)]);

const FLOAT = 1;
/** ValueInfo: name, type { tensor { element type, shape { dim … } } }. */
const value = (field: number, name: string, ...shape: readonly number[]): number[] =>
  message(field, text(1, name), message(2, message(1, number(1, FLOAT), message(2, ...shape.map((size) => message(1, number(1, size)))))));

export function gemmModel(m: number, k: number, n: number): Uint8Array {
  const node = message(1, text(1, 'A'), text(1, 'B'), text(2, 'Y'), text(4, 'Gemm'));
  const graph = message(7, node, text(2, 'gemm'), value(11, 'A', m, k), value(11, 'B', k, n), value(12, 'Y', m, n));
  const IR_VERSION = 8;
  const OPERATORS = 13;
  return Uint8Array.from([...number(1, IR_VERSION), ...graph, ...message(8, number(2, OPERATORS))]);
}
