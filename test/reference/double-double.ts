// Arithmetic in about 32 digits: numbers as unevaluated sums of two float64 (Dekker 1971), for checks of float64 results that
// are finer than float64.

export type Double = readonly [high: number, low: number];

export const ZERO: Double = [0, 0];
export const of = (x: number): Double => [x, 0];

function twoSum(a: number, b: number): Double {
  const s = a + b;
  const v = s - a;
  return [s, a - (s - v) + (b - v)];
}

function quickSum(a: number, b: number): Double {
  const s = a + b;
  return [s, b - (s - a)];
}

function split(a: number): Double {
  const t = 134217729 * a;
  const high = t - (t - a);
  return [high, a - high];
}

function twoProduct(a: number, b: number): Double {
  const p = a * b;
  const [ah, al] = split(a);
  const [bh, bl] = split(b);
  return [p, ah * bh - p + ah * bl + al * bh + al * bl];
}

export function add(a: Double, b: Double): Double {
  const [s, e] = twoSum(a[0], b[0]);
  const [t, f] = twoSum(a[1], b[1]);
  const [u, g] = quickSum(s, e + t);
  return quickSum(u, g + f);
}

export const negative = ([high, low]: Double): Double => [-high, -low];
export const subtract = (a: Double, b: Double): Double => add(a, negative(b));

export function multiply(a: Double, b: Double): Double {
  const [p, e] = twoProduct(a[0], b[0]);
  return quickSum(p, e + (a[0] * b[1] + a[1] * b[0]));
}

/** Two steps of long division. */
export function divide(a: Double, b: Double): Double {
  const first = a[0] / b[0];
  const rest = subtract(a, multiply(b, of(first)));
  const second = rest[0] / b[0];
  const last = subtract(rest, multiply(b, of(second)));
  return add(quickSum(first, second), of(last[0] / b[0]));
}

/** Newton's correction of the float64 root. */
export function root(a: Double): Double {
  if (a[0] <= 0) return ZERO;
  const first = Math.sqrt(a[0]);
  const rest = subtract(a, multiply(of(first), of(first)));
  return add(of(first), divide(rest, of(2 * first)));
}

export const less = (a: Double, b: Double): boolean => subtract(a, b)[0] < 0;

/** The largest eigenvalue of a symmetric matrix, by Jacobi rotations. */
export function largestEigenvalue(n: number, given: readonly Double[]): Double {
  const A = [...given];
  const one = of(1);
  const off = (): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) if (i !== j) sum += A[i * n + j][0] ** 2;
    return Math.sqrt(sum);
  };
  const size = Math.sqrt(A.reduce((sum, [high]) => sum + high * high, 0));
  for (let sweep = 0; sweep < 40 && off() > 1e-30 * size; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const apq = A[p * n + q];
        if (Math.abs(apq[0]) <= 1e-40 * size) continue;
        const theta = divide(subtract(A[q * n + q], A[p * n + p]), multiply(of(2), apq));
        const steepness = theta[0] < 0 ? negative(theta) : theta;
        const t = divide(of(theta[0] < 0 ? -1 : 1), add(steepness, root(add(multiply(theta, theta), one))));
        const c = divide(one, root(add(multiply(t, t), one)));
        const s = multiply(t, c);
        for (let k = 0; k < n; k++) {
          const kp = A[k * n + p];
          const kq = A[k * n + q];
          A[k * n + p] = subtract(multiply(c, kp), multiply(s, kq));
          A[k * n + q] = add(multiply(s, kp), multiply(c, kq));
        }
        for (let k = 0; k < n; k++) {
          const pk = A[p * n + k];
          const qk = A[q * n + k];
          A[p * n + k] = subtract(multiply(c, pk), multiply(s, qk));
          A[q * n + k] = add(multiply(s, pk), multiply(c, qk));
        }
      }
    }
  }
  let largest = ZERO;
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(A[i * n + i][0])) throw new RangeError('an eigenvalue is no number');
    if (less(largest, A[i * n + i])) largest = A[i * n + i];
  }
  return largest;
}
