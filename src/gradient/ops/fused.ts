// Plain factors without the tape's operations: a whole batch in one of them.
import type { Variable } from '../tape.ts';

/**
 * `pairwise` of gathered rows without gathering them: weight·( mean softplus(−x) + regularization·Σ_j ‖X_j‖ / n ).
 * The gradients are added at once, in the forward pass: the result is a number that nothing flows back through.
 */
export function fusedBpr(
  users: Variable,
  items: Variable,
  batch: { users: Int32Array; positives: Int32Array; negatives: Int32Array },
  weight: number,
  regularization: number,
): Variable {
  const { tape } = users;
  const { arena } = tape;
  const { kernels } = arena;
  const { ld } = users.value;
  const n = batch.users.length;
  const dU = users.intoGradient();
  const dV = items.intoGradient();
  const u = arena.upload(batch.users);
  const p = arena.upload(batch.positives);
  const m = arena.upload(batch.negatives);
  let loss = kernels.bpr_gradient(n, ld, 1, weight / n, u, p, m, users.pointer, items.pointer, dU.pointer, dV.pointer);
  if (regularization > 0) {
    for (const [x, dx, index] of [
      [users, dU, u],
      [items, dV, p],
      [items, dV, m],
    ] as const) {
      const norm = Math.sqrt(kernels.gathered_squares(n, ld, index, x.pointer));
      const factor = (weight * regularization) / n;
      loss += factor * norm;
      if (norm > 0) kernels.scatter_scaled(n, ld, factor / norm, index, x.pointer, dx.pointer);
    }
  }
  const y = tape.matrix(1, 1);
  y.row(0)[0] = loss;
  return tape.constant(y);
}
