// Entry for runtimes with a command line (Node, Deno, Bun): arguments are paths from the project's root, of the golden suite,
// or another, or "-" for none, then of test files. Prints each part when it is over, so that a run that is cut short has
// its results so far, and says at the end that it is one.
import { runPortable } from './portable.mjs';

const say = (part) => console.log(`\n@@lethe ${JSON.stringify(part)}`);
const load = (path) => import(new URL(`../../${path}`, import.meta.url).href);
const [suite, ...files] = process.argv.slice(2);
const golden = suite === '-' ? { async *stages() {} } : await load(suite);
await runPortable(
  files.map((name) => ({ name, load: () => load(name) })),
  golden,
  say,
);
say({ done: true });
process.exit(0);
