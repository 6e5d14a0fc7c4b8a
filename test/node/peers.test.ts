// What is exact in the bench beside other libraries: its figures, its files, its messages, its arguments. No times.

import { PassThrough } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { argumentsOf } from '../../bench/peers/arguments.ts';
import { decodeCsr, decodeDense, encodeCsr, encodeDense } from '../../bench/peers/files.ts';
import { onFastKernels, ROWS } from '../../bench/peers/jobs.ts';
import { gemmModel } from '../../bench/peers/onnx.ts';
import { SideProcess, serve } from '../../bench/peers/side.ts';
import { COLUMNS, cells, duration, factor, measured, median, merged, missing, tableText, timing } from '../../bench/peers/table.ts';
import { entries } from '../../bench/portable.ts';

const test = suite('peers');

test('the median is the middle value, or the mean of the two in the middle', () => {
  assert.is(median([5, 1, 3]), 3);
  assert.is(median([4, 1, 3, 2]), 2.5);
  assert.throws(() => median([]), /expected at least one value/);
});

test("a row holds medians, minima and the median of the rounds' own ratios", () => {
  const row = measured(ROWS[0], 1, [4, 6, 100], [1, 2, 10], 'equal');
  assert.equal(row.seconds, { peer: { median: 6, min: 4, spread: 16 }, ours: { median: 2, min: 1, spread: 4.5 } });
  assert.is(row.ratio, 4); // of 4, 3 and 10: not the 3 that the medians would give
  assert.is(row.rounds, 3);
  assert.is(row.same, 'equal');
  assert.equal(timing([2]), { median: 2, min: 2, spread: 0 });
  assert.throws(() => measured(ROWS[0], 1, [1], [1, 2]), /as many of the peer \(1\) as of ours \(2\)/);
});

test('a row is shown with units and three digits; a missing one says why', () => {
  assert.equal(['1.50 s', '2.00 ms', '12.3 ms', '340 µs', '123 s'], [1.5, 0.002, 0.01234, 0.00034, 123.4].map(duration));
  assert.equal(['9.00', '12.3', '330'], [9, 12.34, 330.2].map(factor));
  assert.equal(cells(measured(ROWS[0], 1, [4], [1], 'equal')).slice(2), [
    'implicit',
    '4.00 s',
    '4.00 s',
    '0 %',
    '1.00 s',
    '1.00 s',
    '0 %',
    '4.00',
    '9.00',
    'equal',
  ]);
  const gone = cells(missing(ROWS[0], 1, 'no Python'));
  assert.is(gone[3], 'missing: no Python');
  assert.is(gone.length, COLUMNS.length);
  assert.is(tableText(['a', 'bb'], [['xyz', '']]), '| a   | bb |\n| --- | -- |\n| xyz |    |');
});

test('rows measured anew replace the old ones, in the order of the table', () => {
  const [a, b] = ROWS;
  const old = [measured(b, 1, [2], [1]), measured(a, 1, [2], [1]), measured(a, 2, [3], [1])];
  const all = merged(old, [measured(b, 1, [8], [1]), { ...missing(a, 1, 'x'), name: 'no such row' }], ROWS);
  assert.equal(
    all.map(({ name, threads, ratio }) => [name, threads, ratio]),
    [
      [a.name, 1, 2],
      [b.name, 1, 8],
      [a.name, 2, 3],
    ],
  );
});

test('files come back as they were, and a file that is cut short is refused', () => {
  const csr = { rows: 3, cols: 5, indptr: Int32Array.of(0, 2, 2, 3), indices: Int32Array.of(0, 4, 1), data: Float32Array.of(1, -0.5, 3) };
  const bytes = encodeCsr(csr);
  assert.equal(decodeCsr(bytes), csr);
  assert.equal([...new Int32Array(bytes.buffer, 0, 4)], [3, 5, 3, 0]);
  assert.throws(() => decodeCsr(bytes.subarray(0, bytes.length - 4)), /expected 56 bytes by its head, found 52/);
  assert.throws(() => decodeCsr(bytes.subarray(0, 8)), /expected a head of 16 bytes, found 8/);
  const dense = { rows: 2, cols: 2, values: Float32Array.of(1, 2, 3, 4) };
  assert.equal(decodeDense(encodeDense(dense)), dense);
  assert.throws(() => decodeDense(encodeDense(dense).subarray(4)), /expected .* bytes by its head/);
});

test('arguments choose rows; wrong ones are named', () => {
  assert.is(argumentsOf([]).rows.length, ROWS.length);
  assert.equal([argumentsOf([]).fast, argumentsOf(['--kernels', 'fast']).fast], [false, true]);
  assert.throws(() => argumentsOf(['--kernels', 'quick']), /"--kernels" expected default or fast, got "quick"/);
  assert.is(onFastKernels(ROWS[0]).name, `${ROWS[0].name}-fast`);
  assert.match(onFastKernels(ROWS[0]).work, /fast kernels/);
  assert.equal(
    argumentsOf(['--only', 'spmm,forget']).rows.map(({ name }) => name),
    ['spmm-torch', 'spmm-scipy', 'forget-local'],
  );
  const quick = argumentsOf(['--quick', '--threads', '2']);
  assert.is(quick.threads, 2);
  assert.ok(quick.rows.length > 5 && quick.rows.every((row) => row.quick));
  assert.throws(() => argumentsOf(['--only', 'spmm,nothing']), /"--only" expected names of rows, got "nothing"/);
  assert.throws(() => argumentsOf(['--only', '']), /got ""/);
  assert.throws(() => argumentsOf(['--threads', '0']), /"--threads" expected an integer from 1 to 64, got "0"/);
  assert.throws(() => argumentsOf(['--rounds', 'many']), /"--rounds" expected an integer/);
  assert.throws(() => argumentsOf(['--fast']), /--fast/);
});

test('every row has a name of its own', () => assert.is(new Set(ROWS.map(({ name }) => name)).size, ROWS.length));

test('a side answers each message with one line, also the wrong ones', async () => {
  const input = new PassThrough();
  const output = new PassThrough();
  const runs: number[] = [];
  const served = serve(
    {
      prepare: () => ({ version: 'x' }),
      run: () => {
        runs.push(1);
        return { seconds: 3 };
      },
      result: () => {
        throw new RangeError('no outcome');
      },
    },
    input,
    output,
  );
  for (const line of ['{"do":"prepare"}', '{"do":"run","times":2}', '{"do":"result"}', '{"do":"sing"}', 'not JSON'])
    input.write(`${line}\n`);
  input.end();
  await served;
  const answers = String(output.read())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(answers.slice(0, 3), [{ version: 'x' }, { seconds: 3 }, { error: 'RangeError: no outcome' }]);
  assert.is(runs.length, 2);
  assert.match(answers[3].error, /expected prepare, run or result, got "sing"/);
  assert.match(answers[4].error, /SyntaxError/);
});

test('a process that dies says so to whoever asks, with its last words', async () => {
  const side = new SideProcess(process.execPath, [
    '-e',
    'console.log("chatter"); process.stdin.once("data", () => { throw new Error("out of luck"); })',
  ]);
  let told = '';
  await side.ask({ do: 'run' }).catch((error: Error) => {
    told = error.message;
  });
  assert.match(told, /ended with 1/);
  await side.ask({ do: 'run' }).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, /ended with/),
  );
  await side.close();
  const absent = new SideProcess('no-such-command-anywhere', []);
  await absent.ask({ do: 'run' }).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, /ENOENT/),
  );
  await absent.close();
});

test('the model file of a product names its operator, operands and sizes', () => {
  const bytes = gemmModel(2, 300, 4);
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  assert.equal([...bytes.subarray(0, 3)], [8, 8, 0x3a]); // IR version 8, then the graph
  assert.ok(text.includes('\x22\x04Gemm'));
  assert.ok(text.includes('\x0a\x03\x08\xac\x02')); // the dimension 300 in two bytes
  assert.equal([...bytes.subarray(-4)], [0x42, 2, 16, 13]); // operators of version 13
});

test('speeds of runtimes stand against the first one; what is missing or has no clock is a dash', async () => {
  const { speeds, speedTable } = (await import(new URL('../../../scripts/runtimes/compare-speed.mjs', import.meta.url).href)) as {
    speeds(runtimes: readonly object[]): { rows: { ratios: number[] }[]; mean: number[] };
    speedTable(runtimes: readonly object[]): string;
  };
  const stage = (name: string, median: number): object => ({ stage: name, milliseconds: { min: median, median } });
  const runtimes = [
    { name: 'Node newest', version: '26', stages: [stage('a', 4), stage('b', 1)] },
    { name: 'Deno', version: '2', stages: [stage('a', 8), stage('b', 0.5)] },
    { name: 'workerd', version: '1', stages: [stage('a', NaN)] },
    { name: 'Bun', version: '', stages: [], missing: 'not there' },
  ];
  const { rows, mean } = speeds(runtimes);
  assert.equal(
    rows.map(({ ratios }) => ratios.slice(0, 2)),
    [
      [1, 0.5],
      [1, 2],
    ],
  );
  assert.equal(mean.slice(0, 2), [1, 1]);
  const lines = speedTable(runtimes)
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    );
  assert.equal(lines[0], ['kernel · size', 'Node newest ms', 'Deno', 'workerd', 'Bun']);
  assert.equal(lines[2], ['version', '26', '2', '1', 'missing']);
  assert.equal(lines.slice(3), [
    ['a', '4.00', '0.50', '–', '–'],
    ['b', '1.00', '2.00', '–', '–'],
    ['geometric mean', '', '1.00', '–', '–'],
  ]);
});

test('the portable kernel bench has entries, none of which takes many seconds', async () => {
  const names = entries();
  assert.ok(names.length > 10 && names.some((name) => name.startsWith('als_sweep_cg · ')));
  assert.ok(names.every((name) => !name.endsWith('f = 256')));
});

test.run();
