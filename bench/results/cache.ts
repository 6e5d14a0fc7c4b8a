// Where long runs keep what they found, by everything that decides it: a run that was interrupted goes on where it stopped,
// and parts share models. The library's own code is part of every key: after a change of it nothing old is found.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { kernelsDigest } from '../../src/index.ts';

const FOLDER = 'build/results-cache';
const CODE = 'dist/src';

/** SHA-256 of the compiled library, but for what reads and writes files and for the command line. */
const code = (() => {
  let digest: string | undefined;
  return (): string => {
    if (digest) return digest;
    const hash = createHash('sha256');
    const files = readdirSync(CODE, { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => name.endsWith('.js') && !/^(cli|formats|platform)\b/.test(name)).sort())
      hash.update(file).update(readFileSync(`${CODE}/${file}`));
    return (digest = hash.digest('hex'));
  };
})();

/** The path for what `given` decides, without an ending. */
export async function cachePath(name: string, given: unknown): Promise<string> {
  mkdirSync(FOLDER, { recursive: true });
  const key = createHash('sha256')
    .update(JSON.stringify([given, await kernelsDigest(), code()]))
    .digest('hex');
  return `${FOLDER}/${name}-${key.slice(0, 24)}`;
}
