// Entry for runtimes with a command line (Node, Deno, Bun): arguments are paths of test files from the project's root.
import { runPortable } from './portable.mjs';
import * as golden from '../../dist/test/golden/golden.js';

const files = process.argv.slice(2).map((name) => ({ name, load: () => import(new URL(`../../${name}`, import.meta.url).href) }));
const result = await runPortable(files, golden);
console.log(`\n@@lethe ${JSON.stringify(result)}`);
process.exit(0);
