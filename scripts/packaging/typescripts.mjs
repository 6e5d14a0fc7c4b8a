// Programs that import the installed package, compiled by TypeScript from the oldest version that docs/package.md names to the
// newest, under each way of resolving modules, in strict mode, declarations checked, with no library but the language's own.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, same } from '../runtimes/checks.mjs';
import { call } from '../runtimes/hosts.mjs';
import { file, load } from '../runtimes/tools.mjs';

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

/** What an editor shows for an option of a model, where it is given. */
async function shown(folder, program, at) {
  const ts = (await load(TYPESCRIPTS, 'typescript-5.9')).default;
  const name = join(folder, 'shown.ts');
  const options = { strict: true, lib: ['lib.es2022.d.ts'], types: [], module: ts.ModuleKind.ESNext, moduleResolution: 100 };
  writeFileSync(name, program);
  const service = ts.createLanguageService({
    ...ts.sys,
    useCaseSensitiveFileNames: () => true,
    getScriptFileNames: () => [name],
    getScriptVersion: () => '1',
    getScriptSnapshot: (path) => (ts.sys.fileExists(path) ? ts.ScriptSnapshot.fromString(ts.sys.readFile(path)) : undefined),
    getCurrentDirectory: () => folder,
    getCompilationSettings: () => options,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
  });
  return ts.displayPartsToString(service.getQuickInfoAtPosition(name, program.indexOf(at)).documentation);
}

export async function checkTypeScripts(folder) {
  await check('editors show what an option means, its bounds and its default', async () => {
    const program = "import { lightgcn } from 'lethe';\nlightgcn.fit(undefined as never, { layers: 3 });\nexport const plain = 1;\n";
    same(await shown(folder, program, 'layers'), 'Steps of propagation over the graph. (integer >= 0 and <= 8; default `2`)');
    same(await shown(folder, program, 'plain'), '');
  });
  for (const version of VERSIONS) {
    await check(`TypeScript ${version}: bundler, node16, nodenext`, async () => {
      for (const resolution of Object.keys(RESOLUTIONS)) await compile(folder, ['typed.ts'], version, resolution);
    });
  }
}
