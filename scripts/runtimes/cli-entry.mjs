// Entry for runtimes with a command line (Node, Deno, Bun): arguments are paths from the project's root, of the golden suite
// or another, then of test files.
import { runPortable } from './portable.mjs';

const load = (path) => import(new URL(`../../${path}`, import.meta.url).href);
const [suite, ...files] = process.argv.slice(2);
const result = await runPortable(files.map((name) => ({ name, load: () => load(name) })), await load(suite));
console.log(`\n@@lethe ${JSON.stringify(result)}`);
process.exit(0);
