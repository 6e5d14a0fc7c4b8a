// Declaration files that compile anywhere: whatever they take from a host they import from one file, which falls back to the
// few members that are used where the reader's settings have no such type (no DOM library, no types of Node).
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const HOST_TYPES = fileURLToPath(new URL('host-types.d.ts', import.meta.url));

/** Comments and texts, where a name is no type. */
const SILENT = /\/\*[\s\S]*?\*\/|\/\/.*|'[^'\n]*'/g;

/** Names that a file of host types exports. */
export const hostTypes = (text = readFileSync(HOST_TYPES, 'utf8')) =>
  [...text.matchAll(/^export (?:type|namespace) (\w+)/gm)].map(([, name]) => name);

/** Arrays over memory of their own, in words that older compilers know too. */
const ownArrays = (text) =>
  text.replaceAll(/(?<!\w)(\w+Array)<ArrayBuffer>/g, 'Own$1').replaceAll(/(?<!\w)(\w+Array)<ArrayBufferLike>/g, '$1');

/**
 * A declaration file with an import of the host's types that it uses; as it is where it uses none.
 * @param from where it imports them from.
 */
export function withHostTypes(given, from, names = hostTypes()) {
  const text = ownArrays(given);
  const code = text.replaceAll(SILENT, '');
  const used = names.filter((name) => new RegExp(`(?<![\\w.])${name}\\b(?!['(:?])`).test(code));
  return used.length === 0 ? text : `import type { ${used.join(', ')} } from '${from}';\n${text}`;
}

/** What an option means, what it may be and what it is when left out: as the command line's help has it. */
export function optionText({ kind, doc, words, bounds, default: value }, boundsText) {
  const numbers = bounds ? `${kind === 'integer' ? 'integer' : 'number'}${boundsText(bounds)}` : '';
  const what = words ? words.map((word) => `\`${word}\``).join(', ') + (numbers && ` or a ${numbers}`) : numbers || kind;
  return `${doc} (${what}; ${value === undefined ? 'may be left out' : `default \`${value}\``})`;
}

/** A declaration file in which the options of a model or method say what they mean, for editors to show. */
export function withOptionDocs(text, specs, boundsText) {
  return text.replaceAll(/^( +)(\w+): (?:[\w.]+|import\("[^"]+"\)\.)*Option</gm, (line, indent, name) =>
    Object.hasOwn(specs, name) ? `${indent}/** ${optionText(specs[name], boundsText).replaceAll('*/', '*\\/')} */\n${line}` : line,
  );
}

/** Writes them into the declaration files of all models and methods, from what is declared for run time. */
export async function documentOptions(folder) {
  const load = (path) => import(pathToFileURL(join(folder, 'src', path)).href);
  const { boundsText } = await load('base/check.js');
  for (const [place, registry] of Object.entries({ models: 'MODELS', unlearn: 'UNLEARNERS' })) {
    for (const [name, { options }] of Object.entries((await load(`${place}/index.js`))[registry])) {
      const file = join(folder, 'src', place, `${name}.d.ts`);
      writeFileSync(file, withOptionDocs(readFileSync(file, 'utf8'), options, boundsText));
    }
  }
}

/** Rewrites all declaration files below a folder that holds `src` and `build`, once. */
export function freeOfHosts(folder) {
  copyFileSync(HOST_TYPES, join(folder, 'src', 'host-types.d.ts'));
  const names = hostTypes();
  for (const name of readdirSync(folder, { recursive: true })) {
    const path = name.split(sep).join('/');
    if (!/^(src\/(?!cli\/|host-types)|build\/|edge\/).*\.d\.ts$/.test(path)) continue;
    const to = relative(dirname(join(folder, name)), join(folder, 'src', 'host-types.js'))
      .split(sep)
      .join('/');
    const file = join(folder, name);
    writeFileSync(file, withHostTypes(readFileSync(file, 'utf8'), to.startsWith('.') ? to : `./${to}`, names));
  }
}
