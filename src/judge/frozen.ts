// The side of a factor model that stays as it is while rows of the other side are fitted to it.

import type { BilinearModel } from '../model/bilinear.ts';
import type { Subjects } from './subjects.ts';

/** The frozen side: rows [n × width], those of the dead zero, and the positions of the living. */
export interface Frozen {
  readonly width: number;
  readonly values: Float64Array;
  readonly living: Int32Array;
}

/** The rows of the side that is not asked for. */
export function frozenSide({ userFactors, itemFactors }: BilinearModel, { side, alive }: Subjects): Frozen {
  const matrix = side === 'users' ? itemFactors : userFactors;
  const living = Int32Array.from(alive.keys()).filter((p) => alive[p] === 1);
  const values = new Float64Array(matrix.rows * matrix.cols);
  for (const p of living) values.set(matrix.row(p), p * matrix.cols);
  return { width: matrix.cols, values, living };
}
