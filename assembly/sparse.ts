// Sparse rows (CSR): indptr i32[rows+1], indices i32[nnz] ascending within a row, data f32[nnz].

/**
 * The entries of a CSR matrix whose column is kept (u8 1, else 0), rows as before; without a branch that nobody can predict.
 * @returns how many. The outputs have room for all.
 */
export function csr_columns(
  rows: i32, indptr: usize, indices: usize, data: usize, kept: usize, toIndptr: usize, toIndices: usize, toData: usize,
): i32 {
  let e: usize = <usize>load<i32>(indptr) << 2, n: usize = 0;
  store<i32>(toIndptr, 0);
  for (let r: usize = 4, last = <usize>rows << 2; r <= last; r += 4) {
    for (const end = <usize>load<i32>(indptr + r) << 2; e < end; e += 4) {
      const column = load<u32>(indices + e);
      store<u32>(toIndices + n, column);
      store<f32>(toData + n, load<f32>(data + e));
      n += <usize>load<u8>(kept + column) << 2;
    }
    store<i32>(toIndptr + r, <i32>(n >> 2));
  }
  return <i32>(n >> 2);
}

/**
 * Transpose of a CSR matrix [rows × cols]; the result's rows come out ascending because the input is read in order.
 * tIndptr i32[cols+1], tIndices i32[nnz], tData f32[nnz].
 */
export function csr_transpose(
  rows: i32, cols: i32, indptr: usize, indices: usize, data: usize, tIndptr: usize, tIndices: usize, tData: usize,
): void {
  const nnz = load<i32>(indptr + (<usize>rows << 2));
  memory.fill(tIndptr, 0, (<usize>cols + 1) << 2);
  for (let e: usize = 0, end = <usize>nnz << 2; e < end; e += 4) {
    const count = tIndptr + (<usize>load<i32>(indices + e) << 2);
    store<i32>(count, load<i32>(count) + 1);
  }
  // Counts become starts; filling then moves each start to its row's end, which is the next row's start.
  let start = 0;
  for (let c: usize = 0, end = <usize>cols << 2; c <= end; c += 4) {
    const count = load<i32>(tIndptr + c);
    store<i32>(tIndptr + c, start);
    start += count;
  }
  for (let r = 0; r < rows; r++) {
    const end = <usize>load<i32>(indptr + (<usize>r << 2), 4) << 2;
    for (let e = <usize>load<i32>(indptr + (<usize>r << 2)) << 2; e < end; e += 4) {
      const cursor = tIndptr + (<usize>load<i32>(indices + e) << 2);
      const at = <usize>load<i32>(cursor) << 2;
      store<i32>(cursor, <i32>(at >> 2) + 1);
      store<i32>(tIndices + at, r);
      store<f32>(tData + at, load<f32>(data + e));
    }
  }
  for (let c = <usize>cols << 2; c > 0; c -= 4) store<i32>(tIndptr + c, load<i32>(tIndptr + c - 4));
  store<i32>(tIndptr, 0);
}
