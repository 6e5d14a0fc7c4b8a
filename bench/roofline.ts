// What this machine can do at most in one thread of SIMD128, measured in the run that uses it: multiply-adds in
// eight chains (GFLOP/s) and bytes read from memory (GB/s). The probes are compiled on the spot, with the kernels' flags.
import asc from 'assemblyscript/asc';

const PROBES = `
export function multiplyAdds(n: i32, at: usize): f32 {
  const s = f32x4.splat(0.5);
  let c0 = s, c1 = s, c2 = s, c3 = s, c4 = s, c5 = s, c6 = s, c7 = s;
  for (; n > 0; n--) {
    c0 = f32x4.add(c0, f32x4.mul(s, v128.load(at))); c1 = f32x4.add(c1, f32x4.mul(s, v128.load(at, 16)));
    c2 = f32x4.add(c2, f32x4.mul(s, v128.load(at, 32))); c3 = f32x4.add(c3, f32x4.mul(s, v128.load(at, 48)));
    c4 = f32x4.add(c4, f32x4.mul(s, v128.load(at, 64))); c5 = f32x4.add(c5, f32x4.mul(s, v128.load(at, 80)));
    c6 = f32x4.add(c6, f32x4.mul(s, v128.load(at, 96))); c7 = f32x4.add(c7, f32x4.mul(s, v128.load(at, 112)));
  }
  const sum = f32x4.add(f32x4.add(f32x4.add(c0, c1), f32x4.add(c2, c3)), f32x4.add(f32x4.add(c4, c5), f32x4.add(c6, c7)));
  return f32x4.extract_lane(sum, 0);
}
export function read(from: usize, bytes: usize): i32 {
  let a = i32x4.splat(0), b = a, c = a, d = a;
  for (const end = from + bytes; from < end; from += 64) {
    a = v128.xor(a, v128.load(from)); b = v128.xor(b, v128.load(from, 16));
    c = v128.xor(c, v128.load(from, 32)); d = v128.xor(d, v128.load(from, 48));
  }
  return i32x4.extract_lane(v128.xor(v128.xor(a, b), v128.xor(c, d)), 0);
}
`;
const READ_BYTES = 1 << 28;

export interface Roofline {
  readonly gflops: number;
  readonly gbytes: number;
}

/** Best of many short runs, long enough for the engine to have optimised the probes. */
export async function roofline(): Promise<Roofline> {
  const { binary, stderr } = await asc.compileString(PROBES, { optimizeLevel: 3, runtime: 'stub', enable: ['simd'], use: ['abort='], initialMemory: READ_BYTES / 65536 + 1 });
  if (!binary) throw new Error(`The probes do not compile: ${stderr.toString()}`);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary as Uint8Array<ArrayBuffer>));
  const { multiplyAdds, read, memory } = exports as unknown as
    { multiplyAdds(n: number, at: number): number; read(from: number, bytes: number): number; memory: WebAssembly.Memory };
  new Uint8Array(memory.buffer).fill(0); // pages never written are all one page, in the cache
  const best = (work: number, run: () => void): number => {
    let shortest = Infinity;
    for (const end = performance.now() + 2000; performance.now() < end; ) {
      const start = performance.now();
      run();
      shortest = Math.min(shortest, performance.now() - start);
    }
    return work / shortest / 1e6;
  };
  return { gflops: best(64 * 1e5, () => multiplyAdds(1e5, 65536)), gbytes: best(READ_BYTES, () => read(65536, READ_BYTES)) };
}
