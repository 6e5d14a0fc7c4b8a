// The JavaScript side of the bench: dense products by packages from a throw-away folder, and by plain loops over typed
// arrays, as a process that answers messages (side.ts). One thread.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Dense, encodeDense, readDense, writeWhole } from './files.ts';
import { denseFile } from './inputs.ts';
import type { Job } from './jobs.ts';
import { gemmModel } from './onnx.ts';
import { serve } from './side.ts';

const [home, folder] = process.argv.slice(2);
const { resolve } = createRequire(join(home, 'npm', 'package.json'));
const load = async (name: string): Promise<any> => {
  const module = await import(pathToFileURL(resolve(name)).href);
  return module.default?.__esModule || Object.keys(module).length === 1 ? module.default : module;
};

/** A·B: prepared once; `run` leaves the product where `product` finds it. */
interface Work {
  run(): Promise<void> | void;
  product(): Float32Array;
}

const PEERS: Readonly<Record<string, (A: Dense, B: Dense) => Promise<Work>>> = {
  async 'tfjs-wasm'(A, B) {
    const tf = await load('@tensorflow/tfjs-core');
    const backend = await load('@tensorflow/tfjs-backend-wasm');
    backend.setWasmPaths(`${dirname(resolve('@tensorflow/tfjs-backend-wasm'))}/`);
    if (!(await tf.setBackend('wasm'))) throw new Error('the wasm backend does not start');
    await tf.ready();
    const [a, b] = [A, B].map(({ rows, cols, values }) => tf.tensor2d(values, [rows, cols]));
    let product = new Float32Array(0);
    return {
      run() {
        const y = tf.matMul(a, b);
        product = y.dataSync();
        y.dispose();
      },
      product: () => product,
    };
  },

  async 'onnxruntime-web'(A, B) {
    const ort = await load('onnxruntime-web');
    ort.env.wasm.numThreads = 1;
    const session = await ort.InferenceSession.create(gemmModel(A.rows, A.cols, B.cols), { executionProviders: ['wasm'] });
    const [a, b] = [A, B].map(({ rows, cols, values }) => new ort.Tensor('float32', values, [rows, cols]));
    let product = new Float32Array(0);
    return {
      run: async () => {
        product = (await session.run({ A: a, B: b })).Y.data;
      },
      product: () => product,
    };
  },

  async 'ml-matrix'(A, B) {
    const { Matrix } = await load('ml-matrix');
    const [a, b] = [A, B].map(({ rows, cols, values }) => Matrix.from1DArray(rows, cols, values));
    let y: any;
    return {
      run: () => {
        y = a.mmul(b);
      },
      product: () => Float32Array.from(y.to1DArray()),
    };
  },

  // The loop that a careful programmer writes first: rows of B are walked along, nothing is blocked or unrolled.
  async 'typed-arrays'(A, B) {
    const product = new Float32Array(A.rows * B.cols);
    const { values: a } = A;
    const { values: b } = B;
    const inner = A.cols;
    const width = B.cols;
    const row = (r: number): void => {
      const y = product.subarray(r * width, (r + 1) * width).fill(0);
      for (let k = 0; k < inner; k++) {
        const x = a[r * inner + k];
        for (let c = 0; c < width; c++) y[c] += x * b[k * width + c];
      }
    };
    return {
      run: () => {
        for (let r = 0; r < A.rows; r++) row(r);
      },
      product: () => product,
    };
  },
};

/** The Gram matrix as a product of two matrices, the first transposed beforehand: what suits tfjs best. */
function transposed({ rows, cols, values }: Dense): Dense {
  const turned = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) turned[c * rows + r] = values[r * cols + c];
  return { rows: cols, cols: rows, values: turned };
}

let work: Work | undefined;
let width = 0;
await serve(
  {
    async prepare({ job }: { job: Job }) {
      if (job.kind !== 'gram' && job.kind !== 'gemm') throw new TypeError(`"job" expected gram or gemm, got ${job.kind}`);
      const left = readDense(denseFile(folder, `left-${job.rows}-${job.kind === 'gram' ? job.factors : job.inner}`));
      const right = job.kind === 'gram' ? left : readDense(denseFile(folder, `right-${job.inner}-${job.factors}`));
      work = await PEERS[job.peer](job.kind === 'gram' ? transposed(left) : left, right);
      width = job.factors;
      return { version: `Node ${process.versions.node}` };
    },
    run: () => work!.run(),
    result({ peer }: { peer: string }) {
      const values = work!.product();
      writeWhole(join(folder, `${peer}-product.f32`), encodeDense({ rows: values.length / width, cols: width, values }));
      return {};
    },
  },
  process.stdin,
  process.stdout,
);
process.exit(0); // packages keep handles open
