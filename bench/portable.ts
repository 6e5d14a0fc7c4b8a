// The kernel bench for any runtime: the entries of test/kernels/ that take seconds at most, timed with nothing but
// performance.now(). scripts/runtimes/bench.mjs runs it everywhere, as a suite of stages.
import { Arena } from '../src/wasm/memory.ts';
import { FAMILIES } from '../test/kernels/index.ts';

/** Milliseconds: a sample is long enough for coarse clocks; warming up lets the engine optimise. */
const SAMPLE = 25;
const WARM_UP = 200;
const BUDGET = 1500;
const FEWEST = 3;
const MOST = 9;
const TOO_LONG = / = (256|1024)$/;

export interface Stage {
  readonly stage: string;
  /** Of one run. NaN where the clock stands still while code runs, as in workerd. */
  readonly milliseconds: { readonly min: number; readonly median: number };
}

/** What is timed: kernel and size. */
export function entries(): string[] {
  return benches().map(({ stage }) => stage);
}

const benches = () =>
  Object.values(FAMILIES)
    .flatMap((table) => Object.entries(table))
    .flatMap(([kernel, { bench = {} }]) =>
      Object.entries(bench)
        .filter(([size]) => !TOO_LONG.test(size))
        .map(([size, prepare]) => ({ stage: `${kernel} · ${size}`, prepare })),
    );

/** Times every entry, each in a memory of its own. */
export async function* stages(): AsyncGenerator<Stage> {
  for (const { stage, prepare } of benches()) {
    const { run } = prepare(new Arena());
    const timed = (times: number): number => {
      const start = performance.now();
      for (let n = 0; n < times; n++) run();
      return (performance.now() - start) / times;
    };
    let once = 0;
    for (let spent = 0, n = 0; spent < WARM_UP && n < 1000; n++) spent += once = timed(1);
    const times = once > 0 ? Math.max(1, Math.ceil(SAMPLE / once)) : 1;
    const count = Math.max(FEWEST, Math.min(MOST, Math.floor(BUDGET / Math.max(once * times, 1))));
    const samples = Array.from({ length: count }, () => timed(times)).sort((a, b) => a - b);
    const still = samples[count - 1] === 0;
    yield { stage, milliseconds: { min: still ? NaN : samples[0], median: still ? NaN : samples[count >> 1] } };
    await new Promise((done) => setTimeout(done, 0)); // a browser's page stays alive
  }
}
