// What serving needs of the kernels, and nothing else: the module of lethe/serve. The same functions as in index.ts.
export { heap_base } from './memory';
export { gram_accumulate, gram_accumulate_scratch, gram_finish } from './dense';
export { als_regularization, gram_parts, als_sweep_cholesky, als_sweep_cholesky_scratch } from './als';
export { select_topk, select_topk_scratch, score_pairs, row_normalize } from './scores';
export { ease_scores } from './ease';
export { knn_scores } from './item-knn';
