// Float64 twins of the tape's kernels, on dense row-major arrays without pads. Plain loops, nothing clever.

export type Table = { readonly rows: number; readonly cols: number; readonly at: Float64Array };

export function table(rows: number, cols: number, value: (r: number, c: number) => number): Table {
  const at = new Float64Array(rows * cols);
  for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) at[r * cols + c] = value(r, c);
  return { rows, cols, at };
}
export const cell = (t: Table, r: number, c: number): number => t.at[r * t.cols + c];
export const turned = (t: Table): Table => table(t.cols, t.rows, (r, c) => cell(t, c, r));

export function product(a: Table, b: Table, start?: Table): Table {
  return table(a.rows, b.cols, (r, c) => {
    let sum = start ? cell(start, r, c) : 0;
    for (let k = 0; k < a.cols; k++) sum += cell(a, r, k) * cell(b, k, c);
    return sum;
  });
}
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
export const dot = (a: Table, r: number, b: Table, s: number): number => {
  let sum = 0;
  for (let c = 0; c < a.cols; c++) sum += cell(a, r, c) * cell(b, s, c);
  return sum;
};
