// Item neighbours by co-occurrence: W_ij = Σ_u w_u over users u who have both i and j (w = 1: exact integers), similarity
//   s_ij = W_ij / (√(norm_i · norm_j) + shrinkage),  rounded once to float32; the expression is symmetric in i and j.
// A list holds the k best neighbours of an item, higher similarity first, ties by lower position, as position + 1 in
// float32 (0 = none; exact below 2^24) beside the similarities. Row stride ld ≥ k of both, pads zero.

/** norm[i] = Σ w_u over the users of item i, ascending: W_ii. Rows of the item side of the data. */
export function knn_norms(items: i32, iIndptr: usize, iIndices: usize, weights: usize, norms: usize): void {
  for (let i = 0; i < items; i++, norms += 8) {
    let sum: f64 = 0;
    const end = iIndices + (<usize>load<i32>(iIndptr + (<usize>i << 2), 4) << 2);
    for (let e = iIndices + (<usize>load<i32>(iIndptr + (<usize>i << 2)) << 2); e < end; e += 4) {
      sum += load<f64>(weights + (<usize>load<i32>(e) << 3));
    }
    store<f64>(norms, sum);
  }
}

export function knn_lists_scratch(items: i32): usize {
  return <usize>items * 12;
}

/**
 * Lists of the items rows[begin .. end) from scratch. uIndptr, uIndices: baskets of users; iIndptr, iIndices: users of
 * items; weights f64[users], norms f64[items]. scratch: zero before, zero after (W f64[items], touched i32[items]).
 */
export function knn_lists(
  begin: i32, end: i32, rows: usize, items: i32, k: i32, ld: i32, shrinkage: f64,
  uIndptr: usize, uIndices: usize, iIndptr: usize, iIndices: usize, weights: usize, norms: usize,
  neighbors: usize, similarities: usize, scratch: usize,
): void {
  const touched = scratch + (<usize>items << 3);
  for (let r = begin; r < end; r++) {
    const i = load<i32>(rows + (<usize>r << 2));
    const count = accumulate(i, uIndptr, uIndices, iIndptr, iIndices, weights, scratch, touched);
    fillList(i, count, k, ld, shrinkage, norms, neighbors, similarities, scratch, touched);
  }
}

/** The list of item i from its counts W of the items touched, which become zero again. */
function fillList(
  i: i32, count: i32, k: i32, ld: i32, shrinkage: f64, norms: usize, neighbors: usize, similarities: usize, W: usize,
  touched: usize,
): void {
  const list = (<usize>i * ld) << 2;
  memory.fill(neighbors + list, 0, <usize>k << 2);
  memory.fill(similarities + list, 0, <usize>k << 2);
  const norm = load<f64>(norms + (<usize>i << 3));
  for (let t: usize = touched, last = touched + (<usize>count << 2); t < last; t += 4) {
    const j = load<i32>(t);
    const at = W + (<usize>j << 3);
    const w = load<f64>(at);
    store<f64>(at, 0);
    if (j != i) offer(k, similarity(w, norm, load<f64>(norms + (<usize>j << 3)), shrinkage), j, neighbors + list, similarities + list);
  }
}

export function knn_refresh_scratch(items: i32): usize {
  return <usize>items * 12;
}

/**
 * After counts of the items rows[0 .. count) changed: their own lists from scratch, and those of all other items up to date
 * where that needs no counts beyond theirs. changed u8[items] marks the rows; others[0 .. otherCount) are the items,
 * not among the rows, of users who lost some of theirs: they may have no user in common with a row any more. Norms, users
 * and baskets are those after the change, w = 1; of users of items, only the rows' are read.
 * A list is right again unless rescan u8[items] is set for it: an entry of a full list fell, so that a neighbour it
 * does not hold may stand higher now. scratch as in knn_lists.
 */
export function knn_refresh(
  count: i32, rows: usize, changed: usize, otherCount: i32, others: usize, items: i32, k: i32, ld: i32, shrinkage: f64,
  uIndptr: usize, uIndices: usize, iIndptr: usize, iIndices: usize, weights: usize, norms: usize,
  neighbors: usize, similarities: usize, rescan: usize, scratch: usize,
): void {
  const touched = scratch + (<usize>items << 3);
  for (let r = 0; r < count; r++) {
    const i = load<i32>(rows + (<usize>r << 2));
    const n = accumulate(i, uIndptr, uIndices, iIndptr, iIndices, weights, scratch, touched);
    const norm = load<f64>(norms + (<usize>i << 3));
    for (let t: usize = touched, last = touched + (<usize>n << 2); t < last; t += 4) {
      const j = load<i32>(t);
      if (load<u8>(changed + j)) continue;
      const s = similarity(load<f64>(scratch + (<usize>j << 3)), norm, load<f64>(norms + (<usize>j << 3)), shrinkage);
      renew(i, j, s, k, ld, neighbors, similarities, rescan);
    }
    for (let t: usize = others, last = others + (<usize>otherCount << 2); t < last; t += 4) {
      const j = load<i32>(t);
      if (load<f64>(scratch + (<usize>j << 3)) == 0) renew(i, j, 0, k, ld, neighbors, similarities, rescan);
    }
    fillList(i, n, k, ld, shrinkage, norms, neighbors, similarities, scratch, touched);
  }
}

/** Item i in the list of j, whose similarity is s now; marks the list where what it does not hold may stand higher. */
function renew(i: i32, j: i32, s: f32, k: i32, ld: i32, neighbors: usize, similarities: usize, rescan: usize): void {
  const list = (<usize>j * ld) << 2;
  const held = find(k, <f32>(i + 1), neighbors + list);
  if (held >= 0) {
    const full = load<f32>(neighbors + list + (<usize>(k - 1) << 2)) != 0;
    if (full && s < load<f32>(similarities + list + (<usize>held << 2))) store<u8>(rescan + j, 1);
    remove(k, held, neighbors + list, similarities + list);
  }
  if (s > 0) offer(k, s, i, neighbors + list, similarities + list);
}

/**
 * scores_r[j] = Σ s_ij over the items i of the history of users[r], ascending, whose list holds j.
 * scores f32[count × ldScores], the first `items` of each row.
 */
export function knn_scores(
  count: i32, users: usize, indptr: usize, indices: usize, items: i32, k: i32, ld: i32,
  neighbors: usize, similarities: usize, scores: usize, ldScores: i32,
): void {
  memory.fill(scores, 0, (<usize>count * ldScores) << 2);
  for (let r = 0; r < count; r++, scores += <usize>ldScores << 2) {
    const u = indptr + (<usize>load<i32>(users + (<usize>r << 2)) << 2);
    const end = indices + (<usize>load<i32>(u, 4) << 2);
    for (let e = indices + (<usize>load<i32>(u) << 2); e < end; e += 4) {
      const list = (<usize>load<i32>(e) * ld) << 2;
      for (let at = list, last = list + (<usize>k << 2); at < last; at += 4) {
        const j = <i32>load<f32>(neighbors + at);
        if (j == 0) break;
        const score = scores + (<usize>(j - 1) << 2);
        store<f32>(score, load<f32>(score) + load<f32>(similarities + at));
      }
    }
  }
}

/** W_i· into the zeroed row; the items met, in order of meeting, into touched. Users of no weight count for nothing. */
function accumulate(
  i: i32, uIndptr: usize, uIndices: usize, iIndptr: usize, iIndices: usize, weights: usize, W: usize, touched: usize,
): i32 {
  const first = touched;
  const end = iIndices + (<usize>load<i32>(iIndptr + (<usize>i << 2), 4) << 2);
  for (let e = iIndices + (<usize>load<i32>(iIndptr + (<usize>i << 2)) << 2); e < end; e += 4) {
    const u = <usize>load<i32>(e);
    const weight = load<f64>(weights + (u << 3));
    if (weight == 0) continue;
    const last = uIndices + (<usize>load<i32>(uIndptr + (u << 2), 4) << 2);
    for (let b = uIndices + (<usize>load<i32>(uIndptr + (u << 2)) << 2); b < last; b += 4) {
      const j = load<i32>(b);
      const at = W + (<usize>j << 3);
      const w = load<f64>(at);
      if (w == 0) {
        store<i32>(touched, j);
        touched += 4;
      }
      store<f64>(at, w + weight);
    }
  }
  return <i32>((touched - first) >> 2);
}

// @ts-ignore: decorator
@inline
function similarity(w: f64, normI: f64, normJ: f64, shrinkage: f64): f32 {
  return <f32>(w / (Math.sqrt(normI * normJ) + shrinkage));
}

/** Put (j, s) where it belongs in a sorted list, if it belongs there. */
function offer(k: i32, s: f32, j: i32, neighbors: usize, similarities: usize): void {
  const name = <f32>(j + 1);
  let at = <usize>(k - 1) << 2;
  if (!above(s, name, load<f32>(similarities + at), load<f32>(neighbors + at))) return;
  while (at > 0 && above(s, name, load<f32>(similarities + at - 4), load<f32>(neighbors + at - 4))) {
    store<f32>(neighbors + at, load<f32>(neighbors + at - 4));
    store<f32>(similarities + at, load<f32>(similarities + at - 4));
    at -= 4;
  }
  store<f32>(neighbors + at, name);
  store<f32>(similarities + at, s);
}

/** The order of lists: an empty place is below everything. */
// @ts-ignore: decorator
@inline
function above(s: f32, name: f32, otherS: f32, otherName: f32): bool {
  return otherName == 0 || s > otherS || (s == otherS && name < otherName);
}

function find(k: i32, name: f32, neighbors: usize): i32 {
  const wanted = f32x4.splat(name);
  for (let t = 0; t < k; t += 4) {
    const hits = i32x4.bitmask(f32x4.eq(v128.load(neighbors + (<usize>t << 2)), wanted));
    if (hits) return t + ctz(hits);
  }
  return -1;
}

function remove(k: i32, position: i32, neighbors: usize, similarities: usize): void {
  const at = <usize>position << 2, bytes = <usize>(k - 1 - position) << 2;
  memory.copy(neighbors + at, neighbors + at + 4, bytes);
  memory.copy(similarities + at, similarities + at + 4, bytes);
  store<f32>(neighbors + at + bytes, 0);
  store<f32>(similarities + at + bytes, 0);
}
