// lethe.config.json: what would be said with every command, said once. Found in the working folder or above it, or named by
// --config. What the command line says goes before it. A key that is not known is refused.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import * as check from '../base/check.ts';
import type { Command } from './command.ts';
import { noteInput } from './files.ts';
import { COMMON_FLAGS, type Flag, kebab } from './flags.ts';
import { didYouMean } from './suggest.ts';
import { UsageError } from './usage.ts';

export const CONFIG_NAME = 'lethe.config.json';
/** The key below which commands have sections of their own. */
const SECTIONS = 'commands';

/** Flags that no file may say: what is about one run alone, and what would forget or overwrite without being asked to. */
const OF_ONE_RUN = ['help', 'json', 'debug', 'config', 'out', 'retain-out', 'npz', 'user', 'users', 'item', 'items', 'history'].concat([
  'interactions',
  'modality',
  'of-items',
  'checkpoint',
]);

/** What the file says for one command: values by the flags' names. */
export interface Configuration {
  readonly path?: string;
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/**
 * The file's values for a command: those for all commands, and over them those of its own section.
 * @param named the file that --config names; else the nearest one upward from the working folder, if there is one.
 * @throws UsageError for a file that is none, for unknown keys, and for values that are none.
 */
export function configurationFor(command: Command, commands: Readonly<Record<string, Command>>, named?: string): Configuration {
  const path = named ?? upward(process.cwd());
  if (path === undefined) return { values: new Map() };
  const settings = parsed(path);
  const { [SECTIONS]: sections = {}, ...general } = settings;
  const place = dirname(resolve(path));
  const values = new Map<string, readonly string[]>();
  const take = (where: string, given: Readonly<Record<string, unknown>>, known: ReadonlyMap<string, Flag>, mine: boolean): void => {
    for (const [key, value] of Object.entries(given)) {
      const flag = known.get(kebab(key));
      if (!flag && !mine) continue;
      refuseOfOneRun(path, key);
      if (!flag) throw new UsageError(`${path}: ${where} knows no key ${JSON.stringify(key)}${didYouMean(key, known.keys())}`);
      values.set(flag.name, valuesOf(flag, value, place, `${path}: ${JSON.stringify(key)}`));
    }
  };
  const everyFlag = new Map(Object.values(commands).flatMap((each) => flagsOf(each)));
  for (const key of Object.keys(general)) {
    refuseOfOneRun(path, key);
    if (everyFlag.has(kebab(key))) continue;
    throw new UsageError(`${path} knows no key ${JSON.stringify(key)}${didYouMean(key, [...everyFlag.keys(), SECTIONS])}`);
  }
  // A general key is for the commands that have such a flag.
  take('the file', general, new Map(flagsOf(command)), false);
  if (!isRecord(sections)) throw new UsageError(`${path}: "${SECTIONS}" expected settings by command, got ${check.describe(sections)}`);
  for (const [name, section] of Object.entries(sections)) {
    if (!Object.hasOwn(commands, name))
      throw new UsageError(`${path}: "${SECTIONS}" knows no command ${JSON.stringify(name)}${didYouMean(name, Object.keys(commands))}`);
    if (!isRecord(section)) throw new UsageError(`${path}: "${name}" expected settings by name, got ${check.describe(section)}`);
    if (name !== command.name) continue;
    const model = section.model ?? general.model;
    const method = section.method ?? general.method;
    const chosen = (flag: string): string | undefined => ({ model, method })[flag as 'model'] as string | undefined;
    const options = Object.entries(command.options?.(chosen)?.specs ?? {}).map(([option, { kind, doc }]): [string, Flag] => [
      kebab(option),
      { name: kebab(option), doc, ...(kind !== 'boolean' && { takes: 'VALUE' }) },
    ]);
    take(`"${name}"`, section, new Map([...flagsOf(command), ...options]), true);
  }
  return { path, values };
}

const flagsOf = (command: Command): [string, Flag][] => [...command.flags, ...COMMON_FLAGS].map((flag) => [flag.name, flag]);

function refuseOfOneRun(path: string, key: string): void {
  if (OF_ONE_RUN.includes(kebab(key))) throw new UsageError(`${path}: ${JSON.stringify(key)} is about one run: say it on the command line`);
}

function upward(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, CONFIG_NAME);
    if (existsSync(path)) return path;
    if (dirname(folder) === folder) return undefined;
  }
}

function parsed(path: string): Readonly<Record<string, unknown>> {
  if (!existsSync(path)) throw new UsageError(`--config ${path}: no such file`);
  noteInput(path);
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(path, 'utf8').replace(/^\ufeff/, ''));
  } catch (error) {
    throw new UsageError(`${path}: expected JSON (${(error as Error).message})`);
  }
  if (!isRecord(found)) throw new UsageError(`${path}: expected settings by name, got ${check.describe(found)}`);
  return found;
}

const isRecord = (value: unknown): value is Record<string, unknown> => Object.prototype.toString.call(value) === '[object Object]';

/** A value as the command line would have it. */
function valuesOf(flag: Flag, value: unknown, place: string, where: string): readonly string[] {
  if (flag.takes === undefined) {
    if (typeof value !== 'boolean') throw new UsageError(`${where} expected true or false, got ${check.describe(value)}`);
    return [String(value)];
  }
  if (typeof value === 'string') return [locally(flag, value, place)];
  if (typeof value === 'number') return [String(value)];
  if (typeof value === 'boolean' && flag.takes === 'yes|no') return [value ? 'yes' : 'no'];
  if (Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string' || typeof each === 'number'))
    return [value.map((each) => listed(String(each))).join(',')];
  if (isRecord(value) && flag.takes.includes('='))
    return [
      Object.entries(value)
        .map(([name, each]) => listed(`${name}=${each}`))
        .join(','),
    ];
  throw new UsageError(`${where} expected ${flag.takes}, got ${check.describe(value)}`);
}

/** Quoted where a list would part it. */
const listed = (text: string): string => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Files are named from where the configuration lies. */
function locally(flag: Flag, value: string, place: string): string {
  if (flag.takes === 'FILE') return resolve(place, value);
  return flag.takes?.includes('@FILE') && value.startsWith('@') ? `@${resolve(place, value.slice(1))}` : value;
}
