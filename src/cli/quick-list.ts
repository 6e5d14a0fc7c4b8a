// lethe recommend STORE --user ID, when nothing else is asked for: loading all commands would take ten times as long as the list.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { openStore, sqliteStorage } from '../store/index.ts';
import { itemTable, Terminal } from './terminal.ts';

/** Flags that it understands, and whether a value follows. */
const FLAGS: Readonly<Record<string, boolean>> = { '--user': true, '-k': true, '--json': false, '--quiet': false, '--include-seen': false };

/** The operand and the flags of a command line that is as plain as that; undefined for any other. */
export function plainRequest([command, ...rest]: readonly string[]): { store: string; flags: ReadonlyMap<string, string> } | undefined {
  if (command !== 'recommend') return undefined;
  const flags = new Map<string, string>();
  const operands: string[] = [];
  for (let n = 0; n < rest.length; n++) {
    const word = rest[n];
    if (!word.startsWith('-')) operands.push(word);
    else if (!Object.hasOwn(FLAGS, word) || flags.has(word)) return undefined;
    else flags.set(word, FLAGS[word] ? (rest[++n] ?? '') : 'true');
  }
  const plain = operands.length === 1 && (flags.get('--user') ?? '') !== '' && !flags.get('--user')!.startsWith('--');
  const length = flags.get('-k') ?? '10';
  return plain && /^[1-9][0-9]{0,5}$/.test(length) ? { store: operands[0], flags } : undefined;
}

/** Whether a lethe.config.json may have something to say (config.ts). */
function configured(folder: string): boolean {
  if (existsSync(join(folder, 'lethe.config.json'))) return true;
  return dirname(folder) !== folder && configured(dirname(folder));
}

interface Entry {
  readonly openStore: typeof openStore;
  readonly sqliteStorage: typeof sqliteStorage;
}

/** The library as one file, where it was packed so; else as it is. */
function library(): Promise<Entry> {
  const packed = new URL('../../node/store.js', import.meta.url);
  return existsSync(fileURLToPath(packed)) ? import(packed.href) : import('../store/index.ts');
}

/** @returns false where there is more to it, with nothing said: an error is the program's to tell. */
export async function quickList(argv: readonly string[]): Promise<boolean> {
  const request = plainRequest(argv);
  if (!request || !existsSync(`${request.store}/store.sqlite`) || configured(process.cwd())) return false;
  const { store: path, flags } = request;
  try {
    const { openStore, sqliteStorage } = await library();
    const store = await openStore(await sqliteStorage(path, { readOnly: true }));
    const user = flags.get('--user')!;
    const items = await store.recommend(user, { k: Number(flags.get('-k') ?? 10), includeSeen: flags.has('--include-seen') });
    await store.close();
    // Whoever is cold or suppressed is told so.
    if (items.length === 0 || items[0].cold) return false;
    // Who reads it may stop early, as `head` does: that is no failure.
    process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code !== 'EPIPE') process.exitCode = 1;
    });
    new Terminal({ json: flags.has('--json'), quiet: true }).result({ user, items }, itemTable(items));
    return true;
  } catch {
    return false;
  }
}
