// What is measured: rows of work that ours and a peer do on the same files. Both sides get the same job as plain data.
export type Job =
  | { readonly kind: 'als'; readonly data: string; readonly factors: number; readonly solver: 'cholesky' | 'cg' }
  | { readonly kind: 'bpr'; readonly data: string; readonly factors: number }
  | { readonly kind: 'topk'; readonly data: string; readonly factors: number; readonly k: number }
  | { readonly kind: 'spmm'; readonly data: string; readonly factors: number; readonly peer: string }
  | { readonly kind: 'gram'; readonly rows: number; readonly factors: number; readonly peer: string }
  | { readonly kind: 'gemm'; readonly rows: number; readonly inner: number; readonly factors: number; readonly peer: string }
  | { readonly kind: 'epoch'; readonly data: string; readonly model: 'lightgcn' | 'bm3' }
  | { readonly kind: 'forget'; readonly data: string; readonly factors: number }
  | { readonly kind: 'retrain'; readonly data: string; readonly factors: number };

/** Who runs a job: a process that speaks JSON lines. */
export type Side = 'ours' | 'python' | 'javascript';

export interface Row {
  /** For `--only`. */
  readonly name: string;
  readonly work: string;
  readonly size: string;
  readonly peer: { readonly label: string; readonly side: Side; readonly job?: Job };
  /** The ratio peer/ours that we want; null where there is no aim. */
  readonly aim: number | null;
  /** Part of `--quick`. */
  readonly quick?: boolean;
  readonly job: Job;
  /** Whether ours runs on the fast kernels. */
  readonly fast?: boolean;
}

/** The same row with ours on the fast kernels (docs/fast.md): said in its name, and never in place of the default's. */
export const onFastKernels = (row: Row): Row => ({
  ...row,
  name: `${row.name}-fast`,
  work: `${row.work} (ours: fast kernels)`,
  aim: null,
  fast: true,
});

/** ALS as `implicit` states it: values times alpha are confidences, so that both solve the same equations. */
export const ALS = { alpha: 40, regularization: 0.01, cgSteps: 3 } as const;
/** BPR as `implicit` does it: steps pair by pair, with its default rate and decay. */
export const BPR = { learningRate: 0.01, regularization: 0.01 } as const;
export const RETRAIN_ITERATIONS = 15;

/** Generated data sets: shapes of MovieLens-1M and -10M; of 1M with the items of 10M; and a graph of 80,555 nodes, 2 million entries. */
export const SHAPES: Readonly<
  Record<string, { readonly users: number; readonly items: number; readonly interactions: number; readonly graph?: boolean }>
> = {
  '1m': { users: 6040, items: 3706, interactions: 1_000_000 },
  '10m': { users: 69_878, items: 10_677, interactions: 10_000_000 },
  wide: { users: 6040, items: 10_677, interactions: 1_000_000 },
  graph: { users: 69_878, items: 10_677, interactions: 1_000_000, graph: true },
};
const SHOWN: Readonly<Record<string, string>> = { '1m': '6,040 × 3,706, 1 M', '10m': '69,878 × 10,677, 10 M', wide: '6,040 × 10,677, 1 M' };

const implicit = { label: 'implicit', side: 'python' } as const;
const als = (solver: 'cholesky' | 'cg', data: '1m' | '10m', factors: number, aim: number, quick = false): Row => ({
  name: `als-${solver}-${data}-${factors}`,
  work: solver === 'cg' ? 'ALS iteration, CG 3 steps' : 'ALS iteration, Cholesky',
  size: `${SHOWN[data]}, f = ${factors}`,
  peer: implicit,
  aim,
  quick,
  job: { kind: 'als', data, factors, solver },
});
const bpr = (data: '1m' | '10m', aim: number, quick = false): Row => ({
  name: `bpr-${data}-64`,
  work: 'BPR, one epoch',
  size: `${SHOWN[data]}, f = 64`,
  peer: implicit,
  aim,
  quick,
  job: { kind: 'bpr', data, factors: 64 },
});
const topk = (data: '1m' | 'wide', factors: number, aim: number, quick = false): Row => ({
  name: `topk-${data}-${factors}`,
  work: 'top 20 for all users, seen left out',
  size: `${SHOWN[data]}, f = ${factors}`,
  peer: implicit,
  aim,
  quick,
  job: { kind: 'topk', data, factors, k: 20 },
});
const spmm = (peer: 'torch' | 'scipy', aim: number): Row => ({
  name: `spmm-${peer}`,
  work: 'CSR × dense',
  size: '80,555 nodes, 2 M entries, 64 wide',
  peer: { label: peer, side: 'python' },
  aim,
  quick: true,
  job: { kind: 'spmm', data: 'graph', factors: 64, peer },
});
const dense = (kind: 'gram' | 'gemm', peer: string, side: Side, aim: number | null, quick = false): Row => ({
  name: `${kind}-${peer.replace(/ .*/, '')}`,
  peer: { label: peer, side },
  aim,
  quick,
  ...(kind === 'gram'
    ? { work: 'dense Gram XᵀX', size: '20,000 × 64', job: { kind, rows: 20_000, factors: 64, peer: peer.replace(/ .*/, '') } }
    : {
        work: 'dense product',
        size: '2,048 × 4,096 × 64',
        job: { kind, rows: 2048, inner: 4096, factors: 64, peer: peer.replace(/ .*/, '') },
      }),
});
const epoch = (model: 'lightgcn' | 'bm3'): Row => ({
  name: `epoch-${model}`,
  work: `one epoch of ${model}`,
  size: 'baby, 64 wide, batches of 2,048',
  peer: { label: 'torch', side: 'python' },
  aim: 3,
  job: { kind: 'epoch', data: 'baby', model },
});

/** The table of docs/peers.md, in its order. */
export const ROWS: readonly Row[] = [
  als('cholesky', '1m', 64, 9, true),
  als('cholesky', '1m', 128, 5.5),
  als('cholesky', '1m', 256, 4),
  als('cg', '1m', 64, 4, true),
  als('cg', '1m', 128, 2.2),
  als('cg', '1m', 256, 1.5),
  als('cg', '10m', 64, 4),
  als('cg', '10m', 128, 3),
  bpr('1m', 3, true),
  bpr('10m', 3),
  topk('1m', 64, 7, true),
  topk('1m', 128, 4),
  topk('wide', 64, 3.5),
  topk('wide', 128, 2),
  spmm('torch', 5),
  spmm('scipy', 6.5),
  dense('gram', 'tfjs-wasm', 'javascript', 2, true),
  dense('gram', 'onnxruntime-web', 'javascript', null),
  dense('gram', 'ml-matrix (float64)', 'javascript', null),
  dense('gram', 'typed-arrays (plain loops)', 'javascript', null, true),
  dense('gram', 'numpy', 'python', null, true),
  dense('gemm', 'tfjs-wasm', 'javascript', null),
  dense('gemm', 'onnxruntime-web', 'javascript', null),
  dense('gemm', 'numpy', 'python', null),
  epoch('lightgcn'),
  epoch('bm3'),
  {
    name: 'forget-local',
    work: 'local forgetting of a median user',
    size: `${SHOWN['1m']}, f = 64`,
    aim: 1000,
    quick: true,
    peer: { label: `our retrain, ${RETRAIN_ITERATIONS} iterations`, side: 'ours', job: { kind: 'retrain', data: '1m', factors: 64 } },
    job: { kind: 'forget', data: '1m', factors: 64 },
  },
];
