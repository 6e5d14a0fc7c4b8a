// Help texts, made from the declarations of commands, flags and options.

import type { Option } from '../base/options.ts';
import { VERSION } from '../base/version.ts';
import { MODELS } from '../models/index.ts';
import { UNLEARNERS } from '../unlearn/index.ts';
import type { Command } from './command.ts';
import { COMMON_FLAGS, type Flag, kebab, type OptionSet, optionFlags } from './flags.ts';

const WIDTH = 100;

export function overview(commands: Readonly<Record<string, Command>>): string {
  return [
    `lethe ${VERSION}: recommenders that can forget`,
    '',
    'usage: lethe COMMAND …       lethe COMMAND --help',
    '',
    entries(Object.values(commands).map(({ name, summary }) => [name, summary])),
    '',
    'every command takes',
    entries(COMMON_FLAGS.map(flagEntry)),
    '',
    'models',
    entries(Object.values(MODELS).map(({ name, summary }) => [name, summary])),
    '',
    'methods',
    entries(Object.values(UNLEARNERS).map(({ name, summary }) => [name, summary])),
    '',
    'DATA is a file or a folder: MovieLens, CSV/TSV with a header, .inter, adjacency lists; plain or .gz.',
    'Exit status: 0 done, 1 it could not be done, 2 wrong usage, 130 interrupted.',
  ].join('\n');
}

export function commandHelp(command: Command, set: OptionSet | undefined): string {
  const chooser = command.flags.find(({ name }) => name === 'model' || name === 'method')?.name;
  return [
    `usage: lethe ${command.name} ${command.usage}`,
    '',
    command.summary,
    '',
    ...(command.flags.length > 0 ? [entries(command.flags.map(flagEntry)), ''] : []),
    ...optionLines(command, set, chooser),
    ...(command.notes ? [command.notes, ''] : []),
    'every command takes',
    entries(COMMON_FLAGS.map(flagEntry)),
  ].join('\n');
}

function flagEntry({ name, short, takes, doc, default: fallback }: Flag): [string, string] {
  const spelling = name === short ? `-${name}` : `${short ? `-${short}, ` : ''}--${name}`;
  return [`${spelling}${takes ? ` ${takes}` : ''}`, fallback === undefined ? doc : `${doc} [${fallback}]`];
}

function optionLines(command: Command, set: OptionSet | undefined, chooser: string | undefined): string[] {
  if (set) return [`options of ${set.what}`, entries(optionFlags(set).map(([name, option]) => optionEntry(name, option))) || '  none', ''];
  if (!command.options) return [];
  return [`lethe ${command.name} --${chooser} NAME --help lists the options of a ${chooser}.`, ''];
}

function optionEntry(name: string, option: Option<unknown>): [string, string] {
  const spelling = option.kind === 'boolean' && option.default === true ? `--no-${kebab(name)}` : `--${kebab(name)}`;
  return [`${spelling}${takenBy(option)}`, option.default === undefined ? option.doc : `${option.doc} [${String(option.default)}]`];
}

/** Two columns, the second one wrapped. */
function entries(pairs: readonly (readonly [string, string])[]): string {
  const left = Math.min(Math.max(0, ...pairs.map(([name]) => name.length)), 34) + 2;
  return pairs
    .map(([name, doc]) => {
      const lines = wrap(doc, WIDTH - left - 2);
      const head =
        name.length + 2 > left
          ? [`  ${name}`, ...lines.map((line) => ' '.repeat(left + 2) + line)]
          : [`  ${name.padEnd(left)}${lines[0]}`, ...lines.slice(1).map((line) => ' '.repeat(left + 2) + line)];
      return head.join('\n');
    })
    .join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.length - 1;
    if (lines[last] !== '' && lines[last].length + 1 + word.length > width) lines.push(word);
    else lines[last] += (lines[last] === '' ? '' : ' ') + word;
  }
  return lines;
}

function takenBy({ kind, words }: Option<unknown>): string {
  if (kind === 'boolean') return '';
  if (words) return ` ${words.join('|')}`;
  return kind === 'integer' ? ' N' : ' X';
}
