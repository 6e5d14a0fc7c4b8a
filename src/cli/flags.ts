// Command-line flags: what they are, how they are parsed, and how a model's or method's declared options become flags.
// Nothing is ignored: an unknown flag, a missing value, a value too many is wrong usage.
import { parseArgs } from 'node:util';
import * as check from '../base/check.ts';
import type { Option, OptionSpecs, OptionValue } from '../base/options.ts';
import type { KernelBuild } from '../wasm/kernels.ts';
import { didYouMean } from './suggest.ts';
import { UsageError } from './usage.ts';

/** One flag. Without `takes` it is a switch. */
export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** What stands for the value in help texts, such as FILE. */
  readonly takes?: string;
  readonly doc: string;
  readonly default?: string;
  readonly required?: boolean;
  /** May be given more than once. */
  readonly many?: boolean;
}

/** Declared options of the model or method that a command was told to use. */
export interface OptionSet {
  /** `model als` or `method unlearn-als`, for messages and help. */
  readonly what: string;
  readonly specs: OptionSpecs;
}

export const COMMON_FLAGS: readonly Flag[] = [
  { name: 'json', doc: 'Print exactly one JSON object on stdout.' },
  { name: 'quiet', doc: 'No progress and no notes on stderr.' },
  { name: 'seed', takes: 'N', default: '1', doc: 'Seed of every random draw.' },
  { name: 'threads', takes: 'N', default: '1', doc: 'Threads to use; any number gives the same bytes.' },
  {
    name: 'kernels',
    takes: 'NAME',
    default: 'default',
    doc: 'default, or fast: quicker on most hosts, in bytes that other hosts do not give; models are marked.',
  },
  { name: 'config', takes: 'FILE', doc: 'Settings, in place of the nearest lethe.config.json upward from here.' },
  { name: 'debug', doc: 'Show the stack of an error.' },
  { name: 'help', short: 'h', doc: 'Show this help.' },
];

export const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Options that a flag of its own gives already. */
const SAID_ELSEWHERE = ['seed'];

/** The declared options that are flags of their own. */
export function optionFlags(set: OptionSet | undefined): [name: string, option: Option<unknown>][] {
  return Object.entries(set?.specs ?? {}).filter(([name]) => !SAID_ELSEWHERE.includes(name));
}

/** What was given on the command line, checked against the flags there are. */
export class Arguments {
  readonly operands: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;
  readonly #set?: OptionSet;
  readonly #configured: ReadonlySet<string>;

  /** @param configured names of the values that come from the configuration file. */
  constructor(
    operands: readonly string[],
    values: ReadonlyMap<string, readonly string[]>,
    set?: OptionSet,
    configured: ReadonlySet<string> = new Set(),
  ) {
    this.operands = operands;
    this.#values = values;
    this.#set = set;
    this.#configured = configured;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }
  /** Whether a flag stands on the command line itself. */
  given(name: string): boolean {
    return this.#values.has(name) && !this.#configured.has(name);
  }
  /** Whether a flag's value comes from the configuration file. */
  configured(name: string): boolean {
    return this.#configured.has(name);
  }
  /** Whether a switch is on. */
  on(name: string): boolean {
    return this.#values.get(name)?.at(-1) === 'true';
  }
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }
  /** The value of a flag that the command cannot do without. */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === '') throw new UsageError(`--${name} is missing`);
    return value;
  }
  integer(name: string, fallback: number, bounds: check.Bounds): number {
    const text = this.text(name);
    return text === undefined ? fallback : asUsage(() => check.integer(flagName(name), numberOf(text), bounds));
  }
  number(name: string, bounds: check.Bounds): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : asUsage(() => check.number(flagName(name), numberOf(text), bounds));
  }
  oneOf<T extends string>(name: string, words: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!words.includes(text as T))
      throw new UsageError(`${flagName(name)} expected one of ${words.join(', ')}; got ${check.describe(text)}${didYouMean(text, words)}`);
    return text as T;
  }
  get seed(): number {
    return this.integer('seed', 1, { min: 0, max: 0xffffffff });
  }
  get threads(): number {
    return this.integer('threads', 1, { min: 1, max: 1024 });
  }
  get kernels(): KernelBuild {
    return this.oneOf('kernels', ['default', 'fast'] as const) ?? 'default';
  }

  /** The declared options that were given, each checked by its declaration; `seed` is one of them where it is declared. */
  options(): Record<string, OptionValue> {
    const given: Record<string, OptionValue> = {};
    for (const [name, option] of optionFlags(this.#set)) {
      const text = this.text(kebab(name));
      if (text === undefined) continue;
      given[name] = asUsage(() => option.check(`--${kebab(name)}`, parsedValue(option, text))) as OptionValue;
    }
    if (this.#set && 'seed' in this.#set.specs && this.has('seed')) given.seed = this.seed;
    return given;
  }
}

/** The value of one flag before all flags are known: which options there are depends on the model that is asked for. */
export function peek(argv: readonly string[], name: string): string | undefined {
  const { tokens } = parseArgs({
    args: [...argv],
    options: { [name]: { type: 'string' } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  let value: string | undefined;
  for (const token of tokens) if (token.kind === 'option' && token.name === name) value = token.value;
  return value;
}

/**
 * @param configured values of flags that the command line does not give, from the configuration file.
 * @throws UsageError for whatever is not declared.
 */
export function parseFlags(
  argv: readonly string[],
  flags: readonly Flag[],
  set?: OptionSet,
  configured: ReadonlyMap<string, readonly string[]> = new Map(),
): Arguments {
  const declared = new Map<string, Flag>();
  const known: Record<string, { type: 'string' | 'boolean'; short?: string }> = {};
  const declare = (spelling: string, flag: Flag): void => {
    declared.set(spelling, flag);
    known[spelling] = {
      type: flag.takes === undefined ? 'boolean' : 'string',
      ...(flag.short && spelling === flag.name && { short: flag.short }),
    };
  };
  for (const flag of [...flags, ...COMMON_FLAGS]) declare(flag.name, flag);
  for (const [name, option] of optionFlags(set)) {
    const flag: Flag = { name: kebab(name), doc: option.doc, takes: option.kind === 'boolean' ? undefined : 'VALUE' };
    if (declared.has(flag.name)) throw new Error(`option "${name}" of ${set!.what} would hide a flag of the command`);
    declare(flag.name, flag);
    declare(name, flag);
    if (option.kind === 'boolean') {
      declare(`no-${flag.name}`, flag);
    }
  }
  const { tokens } = parseArgs({ args: [...argv], options: known, strict: false, allowPositionals: true, tokens: true });
  const operands: string[] = [];
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = declared.get(token.name);
    if (!flag) {
      const others = set ? ` (options of ${set.what} are among those that --help lists)` : '';
      throw new UsageError(`unknown option ${token.rawName}${optionMeant(token.name, declared)}${others}`);
    }
    const value = flag.takes === undefined ? switchValue(token.name, token.value, flag) : valueFor(flag, token);
    const earlier = values.get(flag.name);
    if (earlier && !flag.many) throw new UsageError(`--${flag.name} is given twice`);
    if (earlier) earlier.push(value);
    else values.set(flag.name, [value]);
  }
  const added = [...configured.keys()].filter((name) => !values.has(name) && declared.has(name));
  for (const name of added) values.set(name, [...configured.get(name)!]);
  return new Arguments(operands, values, set, new Set(added));
}

const optionMeant = (name: string, declared: ReadonlyMap<string, Flag>): string =>
  didYouMean(name, declared.keys(), (word) => (word.length === 1 ? `-${word}` : `--${word}`));

function valueFor(flag: Flag, { value, inlineValue }: { value?: string; inlineValue?: boolean }): string {
  if (value === undefined) throw new UsageError(`--${flag.name} expected a value (${flag.takes})`);
  if (!inlineValue && value.startsWith('--')) {
    throw new UsageError(
      `--${flag.name} expected a value (${flag.takes}), got ${value}; write --${flag.name}=${value} if that is the value`,
    );
  }
  return value;
}

function switchValue(spelling: string, value: string | undefined, flag: Flag): string {
  const off = spelling.startsWith('no-') && spelling !== flag.name;
  if (value === undefined) return String(!off);
  if (off || (value !== 'true' && value !== 'false'))
    throw new UsageError(`--${spelling} expected ${off ? 'no value' : 'true or false'}, got ${check.describe(value)}`);
  return value;
}

function parsedValue(option: Option<unknown>, text: string): unknown {
  if (option.kind === 'boolean') return text === 'true';
  if (option.kind === 'word') return text;
  // Text that is no number goes to the check as it is, which says what it expected.
  return numberOf(text);
}

const numberOf = (text: string): unknown => (text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text));

const flagName = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

/** Options that do not go together are refused by the library, by name, once it knows all of them: wrong usage as well. */
export function refusal(error: unknown, set?: OptionSet): unknown {
  const [, name = '', rest = ''] = (error instanceof RangeError && /^"(\w+)" (.*)$/s.exec(error.message)) || [];
  return set && Object.hasOwn(set.specs, name) ? new UsageError(`--${kebab(name)} ${rest}`) : error;
}

/** What the library calls a wrong value is wrong usage here. @param flag how it is called here; default: as the library does. */
export function asUsage<T>(call: () => T, flag?: string): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) {
      throw new UsageError(flag ? error.message.replace(/^"[^"]*"/, flag) : error.message.replace(/^"(-[^"]*)"/, '$1'));
    }
    throw error;
  }
}
