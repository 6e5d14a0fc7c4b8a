// Named checks that run one after the other and end with `N passed, N failed`.
let passed = 0;
let failed = 0;

export async function check(name, work) {
  const start = performance.now();
  try {
    await work();
    passed++;
    console.log(`ok      ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}\n${String(error?.stack ?? error).slice(0, 6000)}`);
  }
}

export function same(found, wanted) {
  const [mine, theirs] = [found, wanted].map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  if (mine !== theirs) throw new Error(`expected ${theirs}\nfound    ${mine}`);
}

/** Prints the sum and ends the process. @param missing what could not be tried; each counts as failed. */
export function finish(missing = []) {
  if (missing.length > 0) console.log(`missing: ${missing.join(', ')}`);
  failed += missing.length;
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed > 0 ? 1 : 0);
}
