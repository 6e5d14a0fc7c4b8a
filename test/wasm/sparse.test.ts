import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Arena } from '../../src/wasm/memory.ts';
import { Csr } from '../../src/wasm/tensor.ts';

const test = suite('csr_transpose');

test('twice is the matrix itself, empty rows and columns included', () => {
  const arena = new Arena();
  const indptr = Int32Array.of(0, 2, 2, 5, 6);
  const indices = Int32Array.of(1, 4, 0, 1, 4, 2);
  const data = Float32Array.of(1, 2, 3, 4, 5, 6);
  const csr = Csr.from(arena, { rows: 4, cols: 6, indptr, indices, data });
  const turned = csr.transpose();
  assert.equal([...arena.i32(turned.indptr, 7)], [0, 1, 3, 4, 4, 6, 6]);
  assert.equal([...arena.i32(turned.indices, 6)], [2, 0, 2, 3, 0, 2]);
  assert.equal([...arena.f32(turned.data, 6)], [3, 1, 4, 6, 2, 5]);
  const back = turned.transpose();
  assert.equal([...arena.i32(back.indptr, 5)], [...indptr]);
  assert.equal([...arena.i32(back.indices, 6)], [...indices]);
});

test.run();
