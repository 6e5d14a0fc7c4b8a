// The nearest rows of each row, from a block of similarities.

/** The first candidate from c on that is above the bar; n if none is. Most are not: eight at a time are passed over. */
function nextAbove(z: usize, c: i32, n: i32, bar: f32): i32 {
  const b = f32x4.splat(bar);
  for (; c + 8 <= n; c += 8) {
    const at = z + (<usize>c << 2);
    if (v128.any_true(v128.or(f32x4.gt(v128.load(at), b), f32x4.gt(v128.load(at, 16), b)))) break;
  }
  while (c < n && !(load<f32>(z + (<usize>c << 2)) > bar)) c++;
  return c;
}

/**
 * For each of `rows` rows of similarities Z [rows × ld] over `n` candidates: the k largest that are above `floor`,
 * best first, ties by lower index. out_index i32[rows×k] (−1 fills), out_value f32[rows×k].
 * open u8[n]: 0 for candidates that are left out (0 as pointer: none are).
 */
export function select_neighbors(
  rows: i32, n: i32, ld: i32, k: i32, floor: f32, open: usize, Z: usize, outIndex: usize, outValue: usize,
): void {
  const width = <usize>k << 2;
  for (let r = 0; r < rows; r++, Z += <usize>ld << 2, outIndex += width, outValue += width) {
    let found = 0, bar = floor;
    for (let c = nextAbove(Z, 0, n, bar); c < n; c = nextAbove(Z, c + 1, n, bar)) {
      if (open != 0 && !load<u8>(open + <usize>c)) continue;
      const value = load<f32>(Z + (<usize>c << 2));
      if (found < k) found++;
      // Insertion: few rows get far, and equal values stay behind lower indices.
      let at = <usize>(found - 1) << 2;
      for (; at > 0 && value > load<f32>(outValue + at - 4); at -= 4) {
        store<f32>(outValue + at, load<f32>(outValue + at - 4));
        store<i32>(outIndex + at, load<i32>(outIndex + at - 4));
      }
      store<f32>(outValue + at, value);
      store<i32>(outIndex + at, c);
      if (found == k) bar = load<f32>(outValue + width - 4);
    }
    for (let j = found; j < k; j++) {
      store<i32>(outIndex + (<usize>j << 2), -1);
      store<f32>(outValue + (<usize>j << 2), 0);
    }
  }
}
