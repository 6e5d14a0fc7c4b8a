// What the WebAssembly module exports, by family. Nothing else lives here.
export { heap_base } from './memory';
export { exp_f64, log_f64, pow_f64, exp_f32, log_f32, sigmoid_f32, softplus_f32, tanh_f32 } from './math';
export { random_words, random_normal_rows, random_uniform_rows } from './random';
export { gram_accumulate, gram_accumulate_scratch, gram_finish, gram_inner, gram_unpack } from './dense';
export { als_regularization, gram_parts, als_sweep_cholesky, als_sweep_cholesky_scratch, als_solve_rhs } from './als';
export { als_sweep_cg, als_sweep_cg_scratch } from './als-cg';
export { als_objective_rows, als_penalty_rows, als_residual_rows, als_residual_rows_scratch } from './als-objective';
export { pack_items, pack_items_scratch, packed_items_bytes } from './packed-items';
export { topk } from './topk';
export { topk_scratch } from './ranking-call';
export { select_topk, select_topk_scratch, score_pairs, row_normalize } from './scores';
export { csr_columns, csr_transpose } from './sparse';
export { gemm_nn, gemm_tn, gemm_scratch, transpose } from './gemm';
export { spmm, spmm_rows, gather_rows, scatter_add_rows } from './spmm';
export {
  axpby, combine, multiply, multiply_add, clear_pads, sigmoid_backward, tanh_backward, leaky_relu, leaky_relu_backward, softplus_backward,
  exp_clamped, log_shifted, log_backward, square_root, square_root_backward, clamp, clamp_backward, dropout_rows, bpr_loss,
  bpr_loss_backward,
} from './elementwise';
export {
  row_dot, row_scale, unit_rows, unit_rows_backward, row_softmax, row_softmax_backward, add_to_rows, column_sums, sum, sum_squares,
  first_not_finite, copy_columns, softmax_rows, spread_rows,
} from './rows';
export { sgd, adagrad, adam, sgd_rows, adagrad_rows, adam_rows } from './optimizer';
export { draw_negatives, epoch_words } from './sampling';
export { bpr_gradient, gathered_squares, scatter_scaled } from './bpr';
export { block_pairs, block_pairs_scratch, bpr_sgd, epoch_blocks } from './pairs';
export { select_neighbors } from './neighbors';
export { cholesky64, spd_finish, spd_pivot, spd_sweep, spd_sweep_scratch, spd_update } from './dense64';
export {
  count_pairs, ease_basket, ease_clear_item, ease_correct, ease_residual, ease_scores, ease_system, ease_weights, split_pairs,
} from './ease';
export { knn_lists, knn_lists_scratch, knn_norms, knn_refresh, knn_refresh_scratch, knn_scores } from './item-knn';
export { als64_curvature, als64_gradient, als64_line, als64_solve, als64_solve_scratch, als64_step } from './als64';
export { combine64, gram64, inner64 } from './rows64';
export { add_pairs64, residual_entries, rows_times64, spmm64, spmv64, subtract_pairs64 } from './certify';
