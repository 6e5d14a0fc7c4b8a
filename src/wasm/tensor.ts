// Handles to what lies in an arena: pointer and shape, never a view, because growth detaches views.
import type { Arena } from './memory.ts';

/** Row stride, in elements, of a matrix of factors: rows are padded with zeros to whole groups of eight. */
export function paddedWidth(columns: number): number {
  return (columns + 7) & ~7;
}

/** A row-major float32 matrix [rows × cols], row stride `ld`; the pad columns are zero and kernels keep them so. */
export class Matrix {
  readonly ld: number;
  readonly pointer: number;
  constructor(
    readonly arena: Arena,
    readonly rows: number,
    readonly cols: number,
    cleared = true,
  ) {
    this.ld = paddedWidth(cols);
    this.pointer = cleared ? arena.allocZeroed(this.bytes) : arena.alloc(this.bytes);
  }

  get bytes(): number {
    return this.rows * this.ld * 4;
  }
  /** All elements, pads included; valid until the arena grows. */
  view(): Float32Array<ArrayBuffer> {
    return this.arena.f32(this.pointer, this.rows * this.ld);
  }
  /** Row r without pads; valid until the arena grows. */
  row(r: number): Float32Array<ArrayBuffer> {
    return this.arena.f32(this.pointer + r * this.ld * 4, this.cols);
  }
  /** Copies dense row-major values [rows × cols] in. */
  load(values: ArrayLike<number>): this {
    const view = this.view();
    const { rows, cols, ld } = this;
    if (ld === cols && values.length === view.length) view.set(values);
    else for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) view[r * ld + c] = values[r * cols + c];
    return this;
  }
  /** A dense copy [rows × cols] without pads. */
  toArray(): Float32Array<ArrayBuffer> {
    const dense = new Float32Array(this.rows * this.cols);
    for (let r = 0; r < this.rows; r++) dense.set(this.row(r), r * this.cols);
    return dense;
  }
}

/** Sparse rows as JavaScript arrays: row r holds indices[indptr[r] .. indptr[r+1]), ascending. */
export interface SparseRows {
  readonly rows: number;
  readonly cols: number;
  readonly indptr: Int32Array;
  readonly indices: Int32Array;
  readonly data: Float32Array;
}

/** A CSR matrix in an arena: indptr i32[rows+1], indices i32[nnz] ascending within a row, data f32[nnz]. */
export class Csr {
  private constructor(
    readonly arena: Arena,
    readonly rows: number,
    readonly cols: number,
    readonly nnz: number,
    readonly indptr: number,
    readonly indices: number,
    readonly data: number,
  ) {}

  static from(arena: Arena, sparse: SparseRows): Csr {
    const { rows, cols } = sparse;
    return new Csr(
      arena,
      rows,
      cols,
      sparse.indptr[rows],
      arena.upload(sparse.indptr),
      arena.upload(sparse.indices),
      arena.upload(sparse.data),
    );
  }

  /** The transpose, rows ascending: same bytes whatever the order the entries came in. */
  transpose(): Csr {
    const { arena, rows, cols, nnz } = this;
    const indptr = arena.alloc((cols + 1) * 4);
    const indices = arena.alloc(nnz * 4);
    const data = arena.alloc(nnz * 4);
    arena.kernels.csr_transpose(rows, cols, this.indptr, this.indices, this.data, indptr, indices, data);
    return new Csr(arena, cols, rows, nnz, indptr, indices, data);
  }

  /** The same rows with the entries in kept columns (1, else 0) only. */
  within(kept: Uint8Array): Csr {
    const { arena, rows, cols, nnz } = this;
    const flags = arena.upload(kept);
    const indptr = arena.alloc((rows + 1) * 4);
    const indices = arena.alloc(nnz * 4);
    const data = arena.alloc(nnz * 4);
    const count = arena.kernels.csr_columns(rows, this.indptr, this.indices, this.data, flags, indptr, indices, data);
    return new Csr(arena, rows, cols, count, indptr, indices, data);
  }

  get bytes(): number {
    return (this.rows + 1) * 4 + this.nnz * 8;
  }
}
