// What a command of the command line is: the registry's entry.
import type { Arguments, Flag, OptionSet } from './flags.ts';
import type { Terminal } from './terminal.ts';

/** What a command is given to work with. */
export interface Context {
  readonly args: Arguments;
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** All commands there are. */
  readonly commands: Readonly<Record<string, Command>>;
}

/** The value of a flag, before all flags are known. */
export type Peek = (name: string) => string | undefined;

export interface Command {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** What follows the name, for help: operands and the flags that must be given. */
  readonly usage: string;
  /** Fewest and most operands. */
  readonly operands: readonly [fewest: number, most: number];
  readonly flags: readonly Flag[];
  /** The declared options of the model or method asked for. */
  readonly options?: (peek: Peek) => OptionSet | undefined;
  /** More help, after the flags. */
  readonly notes?: string;
  run(context: Context): Promise<void>;
}
