// How every script of results takes its parts from the command line.
import { haveData } from './data.ts';
import { note } from './report.ts';

type Part = (again: boolean) => Promise<void>;

/**
 * Runs the parts that are asked for: by name, or all whose name begins with NAME-. Nothing asked for: all but those `onlyNamed`.
 * Wrong names end the process with 2 before anything is measured, and data that are not there with 1.
 * @param parts what `--again` (measure anew what is published) is handed to, by name.
 */
export async function runParts(parts: Readonly<Record<string, Part>>, onlyNamed: Readonly<Record<string, Part>> = {}): Promise<void> {
  const all = { ...parts, ...onlyNamed };
  const words = process.argv.slice(2);
  const again = words.includes('--again');
  const asked = words.filter((word) => word !== '--again');
  const matches = (name: string, word: string): boolean => name === word || name.startsWith(`${word}-`);
  const unknown = asked.filter((word) => !Object.keys(all).some((name) => matches(name, word)));
  if (unknown.length > 0) {
    console.error(`unknown part ${unknown.join(', ')}; known: ${Object.keys(all).join(', ')}`);
    process.exit(2);
  }
  if (!haveData()) {
    console.error('results need the real data at ../shared/data, which is not there: nothing measured');
    process.exit(1);
  }
  const chosen = asked.length === 0 ? Object.keys(parts) : Object.keys(all).filter((name) => asked.some((word) => matches(name, word)));
  for (const name of chosen) {
    note(`part ${name}`);
    await all[name](again);
  }
}
