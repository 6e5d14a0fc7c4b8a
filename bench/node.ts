// Which Node a bench runs in: figures that are published come from the newest.
import { spawnSync } from 'node:child_process';

interface Tools {
  install(names: readonly string[]): string[];
  command(tool: string, name: string): string;
}

/** @param wanted `newest` (installed below build/ when it is not there yet), a path, or undefined for the Node that runs this. */
export async function nodeToUse(wanted: string | undefined): Promise<string> {
  if (wanted !== 'newest') return wanted ?? process.execPath;
  // From dist/bench/, where this runs, to scripts/, which is not compiled.
  const { install, command } = (await import(new URL('../../scripts/runtimes/tools.mjs', import.meta.url).href)) as Tools;
  if (install(['node-newest']).length > 0) throw new Error('the newest Node could not be installed');
  return command('node-newest', 'node');
}

export function nodeVersion(command: string): string {
  const { status, stdout, error } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`"--node" expected a Node, got ${JSON.stringify(command)}: ${error?.message ?? 'it fails'}`);
  return stdout.trim().replace(/^v/, '');
}
