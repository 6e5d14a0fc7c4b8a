// What the WebAssembly module exports, by family. Nothing else lives here.
export { heap_base } from './memory';
export { exp_f64, log_f64, pow_f64, exp_f32, log_f32, sigmoid_f32, softplus_f32, tanh_f32 } from './math';
export { random_words, random_normal_rows, random_uniform_rows } from './random';
export { gram_accumulate, gram_accumulate_scratch, gram_finish, gram_inner, gram_unpack } from './dense';
export { als_regularization, als_sweep_cholesky, als_sweep_cholesky_scratch } from './als';
export { als_objective_rows, als_penalty_rows, als_residual_rows, als_residual_rows_scratch } from './als-objective';
export { csr_transpose } from './sparse';
