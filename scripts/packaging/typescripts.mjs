// Programs that import the installed package, compiled by TypeScript from the oldest version that docs/package.md names to the
// newest, under each way of resolving modules, in strict mode, declarations checked, with no library but the language's own.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from '../runtimes/checks.mjs';
import { call } from '../runtimes/hosts.mjs';
import { file } from '../runtimes/tools.mjs';

export const TYPESCRIPTS = 'typescripts';
const VERSIONS = ['5.0', '5.2', '5.4', '5.6', '5.7', '5.9', '6.0', 'latest'];
export const RESOLUTIONS = { bundler: 'esnext', node16: 'node16', nodenext: 'nodenext' };

/** Compiles the files of a folder. @throws Error with what the compiler says. */
export async function compile(folder, files, version, moduleResolution, more = {}) {
  const project = join(folder, `tsconfig.${version}.${moduleResolution}.json`);
  const compilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    target: 'es2022',
    lib: ['es2022'],
    types: [],
    module: RESOLUTIONS[moduleResolution],
    moduleResolution,
    ...more,
  };
  writeFileSync(project, JSON.stringify({ compilerOptions, files }));
  const tsc = file(TYPESCRIPTS, `typescript-${version}`, 'bin', 'tsc');
  const { code, stdout, stderr } = await call(process.execPath, [tsc, '-p', project], { cwd: folder });
  if (code !== 0) throw new Error(stdout + stderr);
}

export async function checkTypeScripts(folder) {
  for (const version of VERSIONS) {
    await check(`TypeScript ${version}: bundler, node16, nodenext`, async () => {
      for (const resolution of Object.keys(RESOLUTIONS)) await compile(folder, ['typed.ts'], version, resolution);
    });
  }
}
