// Runs test files and the golden suite inside whatever runtime imports this module; knows nothing of the host.

/**
 * @param files [{ name, load }] in order; `load` imports the test file.
 * @param golden gives `stages()`, an async iterable of { stage, digest }.
 * @returns { passed, failed, failures, golden }: plain data.
 */
export async function runPortable(files, golden) {
  const result = { passed: 0, failed: 0, failures: [], golden: [] };
  const fail = (text) => {
    result.failed++;
    result.failures.push(text);
  };
  // uvu queues suites instead of running them at once, so that we get their counts as data.
  globalThis.UVU_DEFER = 1;
  for (const { name, load } of files) {
    const queue = (globalThis.UVU_QUEUE = [[]]);
    try {
      await load();
      for (const run of queue[0]) {
        const [errors, passed, , total] = await run();
        result.passed += passed;
        result.failed += total - passed;
        if (typeof errors === 'string') result.failures.push(`${name}\n${errors}`);
      }
      if (queue[0].length === 0) fail(`${name}: holds no suite that runs`);
    } catch (error) {
      fail(`${name}: ${error?.stack ?? error}`);
    }
  }
  try {
    for await (const stage of golden.stages()) result.golden.push(stage);
  } catch (error) {
    fail(`golden, after ${result.golden.at(-1)?.stage ?? 'the start'}: ${error?.stack ?? error}`);
  }
  return result;
}
