// Runs the built command line as a process, in a folder of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The note that says which columns were taken for what comes first wherever data are read to train on: test/node/cli-data.test.ts. */
export const withoutColumnNotes = (stderr: string): string => stderr.replace(/^.*: read as \w+, .*\n/gm, '');

/** A folder in which commands are run; its files are named without it. */
export class Workplace {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'lethe-cli-'));

  run(...args: string[]): Outcome {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { cwd: this.folder, encoding: 'utf8' });
    return { status, stdout, stderr: withoutColumnNotes(stderr) };
  }

  /** Runs a command that must succeed; its JSON object. */
  json(...args: string[]): any {
    const { status, stdout, stderr } = this.run(...args, '--json');
    if (status !== 0) throw new Error(`lethe ${args.join(' ')} ended with ${status}: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** Runs a command that must end with `status`; what it says about it. */
  fails(status: number, ...args: string[]): string {
    const outcome = this.run(...args);
    if (outcome.status !== status) throw new Error(`lethe ${args.join(' ')} ended with ${outcome.status}: ${outcome.stderr}`);
    return outcome.stderr;
  }

  start(...args: string[]): ChildProcess {
    return spawn(process.execPath, [main, ...args], { cwd: this.folder, stdio: ['pipe', 'pipe', 'pipe'] });
  }

  write(name: string, content: string | Uint8Array): string {
    writeFileSync(join(this.folder, name), content);
    return name;
  }

  read(name: string): Buffer {
    return readFileSync(join(this.folder, name));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  get files(): string[] {
    return readdirSync(this.folder).sort();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Clustered ratings: user u likes most items of its group, and a few others. Values 1..5, times, no chance. */
export function ratingsCsv({ users = 60, items = 40, groups = 4 } = {}): string {
  const lines = ['user,item,rating,timestamp'];
  for (let u = 0; u < users; u++) {
    for (let i = 0; i < items; i++) {
      const own = i % groups === u % groups && (i * 7 + u * 3) % 5 !== 0;
      if (own || (i * 13 + u * 17) % 11 === 0) lines.push(`u${u},${i},${1 + ((u + i) % 5)},${1000 + u * 31 + i}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
