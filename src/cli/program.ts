// The command line: argv → a command → an exit status. The only place that ends the process.

import { VERSION } from '../base/version.ts';
import { removeUnfinished } from '../files/whole-files.ts';
import { loadKernels } from '../wasm/kernels.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { configurationFor } from './config.ts';
import { fileProblem, leftBehind } from './files.ts';
import { parseFlags, peek, refusal } from './flags.ts';
import { commandHelp, overview } from './help.ts';
import { didYouMean } from './suggest.ts';
import { printable, styled, Terminal } from './terminal.ts';
import { UsageError } from './usage.ts';

const STATUS = { done: 0, failed: 1, usage: 2, interrupted: 130, terminated: 143 } as const;

async function run(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const [word, ...rest] = argv;
  const show = (text: string): void => void process.stdout.write(`${text}\n`);
  if (word === undefined) throw new UsageError('no command; lethe --help lists them');
  if (word === '--version' || word === '-V') return show(VERSION);
  if (word === '--help' || word === '-h' || (word === 'help' && rest.length === 0)) return show(overview(COMMANDS));
  const name = word === 'help' ? rest[0] : word;
  if (!Object.hasOwn(COMMANDS, name))
    throw new UsageError(`unknown command ${JSON.stringify(name)}${didYouMean(name, Object.keys(COMMANDS))}; lethe --help lists them`);
  const command: Command = COMMANDS[name as keyof typeof COMMANDS];
  const { path, values } = word === 'help' ? { values: new Map() } : configurationFor(command, COMMANDS, peek(rest, 'config'));
  const set = command.options?.((flag) => peek(rest, flag) ?? values.get(flag)?.at(-1));
  if (word === 'help' || rest.includes('--help') || rest.includes('-h')) return show(commandHelp(command, set));

  const args = parseFlags(rest, command.flags, set, values);
  const [fewest, most] = command.operands;
  if (args.operands.length < fewest || args.operands.length > most) {
    throw new UsageError(
      `${name} expected ${command.usage.replace(/ --.*| \[-.*/, '') || 'no operands'}, got ` +
        `${args.operands.map((text) => JSON.stringify(text)).join(' ') || 'nothing'}`,
    );
  }
  for (const flag of command.flags) {
    if (flag.required && !args.text(flag.name)) throw new UsageError(`--${flag.name} is missing: ${flag.doc.replace(/\.$/, '')}`);
  }
  void args.seed;
  void args.threads;
  // Who does not ask for them does not load them.
  if (args.kernels === 'fast') await loadKernels((await import('../fast.ts')).fastKernels);
  const terminal = new Terminal({
    json: args.on('json'),
    quiet: args.on('quiet'),
    marks: args.kernels === 'fast' ? { kernels: 'fast', byteComparable: false } : {},
  });
  const settled = command.flags.filter((flag) => args.configured(flag.name)).map((flag) => `--${flag.name}`);
  if (settled.length > 0) terminal.note(`${path} says ${settled.join(', ')}`);
  if (args.kernels === 'fast') terminal.note('computed by the fast kernels: not comparable byte by byte with what other hosts compute');
  try {
    await command.run({ args, terminal, signal, commands: COMMANDS });
  } catch (error) {
    throw refusal(error, set);
  } finally {
    terminal.clear();
  }
}

/** One line, whatever the error. */
function describeError(error: unknown): string {
  const { message = String(error), path, cause } = error as NodeJS.ErrnoException;
  const problem = cause === undefined ? fileProblem(error) : undefined;
  return printable(problem ? `${path ? `${path}: ` : ''}${problem}` : message.replace(/\s*\n\s*/g, ' '));
}

const controller = new AbortController();

/** Ends at once: no file is half-written, since what is unfinished has a passing name and is removed. */
function interrupt(status: number): void {
  controller.abort();
  removeUnfinished();
  process.stderr.write(`${process.stderr.isTTY ? '\r\u001b[K' : ''}lethe: interrupted; ${printable(leftBehind())}\n`);
  // A second Ctrl-C ends even a process that waits for a read which never comes.
  process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM');
  process.exit(status);
}

process.on('SIGINT', () => interrupt(STATUS.interrupted));
process.on('SIGTERM', () => interrupt(STATUS.terminated));
// Output that fails never costs the work: notes that nobody can read are dropped, and the result is given up only when all
// else is done. Whoever reads it may stop early, as `head` does: that is no failure.
process.stderr.on('error', () => {});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' || process.exitCode) return;
  fail(new Error(`the result could not be written to standard output: ${fileProblem(error) ?? error.message}`, { cause: error }));
});

const argv = process.argv.slice(2);

function fail(error: unknown): void {
  process.exitCode = error instanceof UsageError ? STATUS.usage : STATUS.failed;
  const help = error instanceof UsageError && argv[0] && Object.hasOwn(COMMANDS, argv[0]) ? ` (lethe ${argv[0]} --help)` : '';
  process.stderr.write(`${styled(process.stderr, 'red', 'lethe:')} ${describeError(error)}${help}\n`);
  if (argv.includes('--debug')) process.stderr.write(`${(error as Error).stack}\n`);
}

// What no call awaits, such as a failure within a worker.
process.on('uncaughtException', (error) => {
  fail(error);
  removeUnfinished();
  process.exit();
});
await run(argv, controller.signal).catch(fail);
