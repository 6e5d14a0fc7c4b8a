// The program that a stranger would write (app/shop.ts): compiled in strict mode under each way of resolving modules, and run on every
// runtime with a worker that serves the saved model. All must end with the same line.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, same } from '../runtimes/checks.mjs';
import { call } from '../runtimes/hosts.mjs';
import { command, root } from '../runtimes/tools.mjs';
import { compile, RESOLUTIONS } from './typescripts.mjs';

const NODES = ['20', '22', '24', 'newest'];
/** What the program ends with: two digests, what the certificate says, and its lists. */
const LINE = /^[0-9a-f]{64} [0-9a-f]{64} (certified|stationary)( [a-z+]+){4}$/;

async function told(path, args, cwd) {
  const { code, stdout, stderr } = await call(path, args, { cwd });
  if (code !== 0) throw new Error(`exit code ${code}\n${stdout}\n${stderr}`);
  return stdout.trim();
}

/** @param consumer a folder in which the package is installed, with the files of app/. */
export async function checkStranger(consumer) {
  let line;
  for (const resolution of Object.keys(RESOLUTIONS)) {
    const outDir = `out-shop-${resolution}`;
    await check(`a stranger's program: strict, ${resolution}, run by Node`, async () => {
      const types = { types: ['node'], typeRoots: [join(root, 'node_modules', '@types')], noEmit: false, outDir };
      await compile(consumer, ['shop.ts'], 'latest', resolution, types);
      copyFileSync(join(consumer, 'shop-worker.mjs'), join(consumer, outDir, 'shop-worker.mjs'));
      const said = await told(process.execPath, [join(outDir, 'shop.js')], consumer);
      same(LINE.test(said) || said, true);
      line ??= said;
      same(said, line);
    });
  }
  const program = join('out-shop-bundler', 'shop.js');
  const hosts = [
    ...NODES.map((version) => [`Node ${version}`, command(`node-${version}`, 'node'), [program]]),
    ['Deno', command('deno'), ['run', '--no-prompt', '--allow-read', program]],
    ['Bun', command('bun'), [program]],
  ];
  for (const [name, path, args] of hosts)
    await check(`a stranger's program: ${name}`, async () => same(await told(path, args, consumer), line));
}
