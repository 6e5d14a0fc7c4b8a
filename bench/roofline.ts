// What this machine can do at most in one thread of SIMD128, measured in the run that uses it: multiply-adds in
// eight chains (GFLOP/s), four numbers by two loads as in a register tile, and bytes read from memory (GB/s). Neither constants
// nor fixed addresses: engines make the former anew in the loop, and load once from the latter. The probes are compiled on the
// spot, with the kernels' flags.
import asc from 'assemblyscript/asc';

const PROBES = `
export function multiplyAdds(n: i32, from: usize): f32 {
  const s0 = v128.load(from), s1 = v128.load(from, 16), s2 = v128.load(from, 32), s3 = v128.load(from, 48);
  let a0 = s0, a1 = s1, a2 = s2, a3 = s3, b0 = s0, b1 = s1, b2 = s2, b3 = s3, at: usize = 0;
  for (; n > 0; n--) {
    const a = v128.load(from + at), b = v128.load(from + at, 16);
    a0 = f32x4.add(a0, f32x4.mul(s0, a));
    a1 = f32x4.add(a1, f32x4.mul(s1, a));
    a2 = f32x4.add(a2, f32x4.mul(s2, a));
    a3 = f32x4.add(a3, f32x4.mul(s3, a));
    b0 = f32x4.add(b0, f32x4.mul(s0, b));
    b1 = f32x4.add(b1, f32x4.mul(s1, b));
    b2 = f32x4.add(b2, f32x4.mul(s2, b));
    b3 = f32x4.add(b3, f32x4.mul(s3, b));
    at = (at + 128) & 8191;
  }
  const sum = f32x4.add(f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3)), f32x4.add(f32x4.add(b0, b1), f32x4.add(b2, b3)));
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
  const { binary, stderr } = await asc.compileString(PROBES, {
    optimizeLevel: 3,
    runtime: 'stub',
    enable: ['simd'],
    use: ['abort='],
    initialMemory: READ_BYTES / 65536 + 1,
  });
  if (!binary) throw new Error(`The probes do not compile: ${stderr.toString()}`);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary as Uint8Array<ArrayBuffer>));
  const { multiplyAdds, read, memory } = exports as unknown as {
    multiplyAdds(n: number, at: number): number;
    read(from: number, bytes: number): number;
    memory: WebAssembly.Memory;
  };
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
