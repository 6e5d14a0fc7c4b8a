// The discrete cosine transform of features: a rotation to frequencies along the feature axis, made once.
import { cosine, PI } from '../base/trigonometry.ts';
import { multiplyInto } from '../threads/parallel-kernels.ts';
import { Matrix } from '../wasm/tensor.ts';

/**
 * Replaces each row x by its orthonormal DCT-II: y_k = a_k Σ_j x_j cos(π(2j+1)k / 2D), a_0 = √(1/D), a_k = √(2/D).
 * Zero rows stay zero, lengths stay.
 */
export function cosineTransform(x: Matrix): void {
  const { arena, cols: D, ld, rows } = x;
  const turn = 4 * D;
  // cos(πm / 2D) for m = 0 … 4D − 1 is all that is needed; m within a half turn, the rest by symmetry.
  const table = Float64Array.from({ length: turn }, (_, m) => cosine((PI * Math.min(m, turn - m)) / (2 * D)));
  arena.scope(() => {
    const basis = new Matrix(arena, D, D);
    const view = basis.view();
    for (let k = 0; k < D; k++) {
      const scale = Math.sqrt((k === 0 ? 1 : 2) / D);
      for (let j = 0; j < D; j++) view[j * ld + k] = scale * table[((2 * j + 1) * k) % turn];
    }
    const y = arena.alloc(x.bytes);
    multiplyInto(arena, rows, ld, D, ld, ld, ld, 0, x.pointer, basis.pointer, y);
    x.view().set(arena.f32(y, rows * ld));
  });
}
