// The golden suite: a fixed series of computations, each reduced to a digest of its bytes. The same series must give the
// same digests on every runtime (scripts/runtimes compares them) and from one day to the next (recorded.json).
// It walks the registries, so a new model or method is covered without a line added here.
import { Arena } from '../../src/memory.ts';
import { Csr } from '../../src/tensor.ts';
import { goldenData } from './data.ts';

/** One computation, named from the general to the particular, and the SHA-256 of what came out. */
export interface Stage {
  readonly stage: string;
  readonly digest: string;
}

export async function* stages(): AsyncGenerator<Stage> {
  const data = goldenData();
  yield { stage: 'data/generated', digest: data.fingerprint() };

  const arena = new Arena();
  const turned = Csr.from(arena, data.userItems).transpose();
  yield await stage('kernels/csr_transpose', arena.u8(turned.indptr, (turned.rows + 1) * 4), arena.u8(turned.indices, turned.nnz * 4), arena.u8(turned.data, turned.nnz * 4));
}

/** SHA-256 over the bytes of the given arrays, in order. */
export async function stage(name: string, ...arrays: readonly ArrayBufferView[]): Promise<Stage> {
  let length = 0;
  for (const array of arrays) length += array.byteLength;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += array.byteLength;
  }
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return { stage: name, digest: Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('') };
}
