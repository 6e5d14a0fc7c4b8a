// Runs test files and the golden suite inside whatever runtime imports this module; knows nothing of the host.

/**
 * @param files [{ name, load }] in order; `load` imports the test file.
 * @param golden gives `stages()`, an async iterable of { stage, digest }.
 * @param report is told of each part when it is over: { file, passed, failed, failures } or { stage }.
 * @returns { passed, failed, failures, golden }: plain data.
 */
export async function runPortable(files, golden, report = () => {}) {
  const result = { passed: 0, failed: 0, failures: [], golden: [] };
  const finished = (part) => {
    result.passed += part.passed;
    result.failed += part.failed;
    result.failures.push(...part.failures);
    report(part);
  };
  for (const { name, load } of files) finished(await runFile(name, load));
  try {
    for await (const stage of golden.stages()) {
      result.golden.push(stage);
      report({ stage });
    }
  } catch (error) {
    const failure = `golden, after ${result.golden.at(-1)?.stage ?? 'the start'}: ${error?.stack ?? error}`;
    finished({ file: 'golden', passed: 0, failed: 1, failures: [failure] });
  }
  return result;
}

async function runFile(name, load) {
  const part = { file: name, passed: 0, failed: 0, failures: [] };
  const fail = (text) => {
    part.failed++;
    part.failures.push(text);
  };
  // uvu queues suites instead of running them at once, so that we get their counts as data.
  globalThis.UVU_DEFER = 1;
  const queue = (globalThis.UVU_QUEUE = [[]]);
  try {
    await load();
    for (const run of queue[0]) {
      const [errors, passed, , total] = await run();
      part.passed += passed;
      part.failed += total - passed;
      if (typeof errors === 'string') part.failures.push(`${name}\n${errors}`);
    }
    if (queue[0].length === 0) fail(`${name}: holds no suite that runs`);
  } catch (error) {
    fail(`${name}: ${error?.stack ?? error}`);
  }
  return part;
}
