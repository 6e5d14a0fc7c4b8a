// Declaration files that compile anywhere: whatever they take from a host they import from one file, which falls back to the
// few members that are used where the reader's settings have no such type (no DOM library, no types of Node).
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const HOST_TYPES = fileURLToPath(new URL('host-types.d.ts', import.meta.url));

/** Comments and texts, where a name is no type. */
const SILENT = /\/\*[\s\S]*?\*\/|\/\/.*|'[^'\n]*'/g;

/** Names that a file of host types exports. */
export const hostTypes = (text = readFileSync(HOST_TYPES, 'utf8')) =>
  [...text.matchAll(/^export (?:type|namespace) (\w+)/gm)].map(([, name]) => name);

/** Arrays over memory of their own, in words that older compilers know too. */
const ownArrays = (text) => text.replaceAll(/(?<!\w)(\w+Array)<ArrayBuffer>/g, 'Own$1');

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
