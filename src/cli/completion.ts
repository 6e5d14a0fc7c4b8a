// Scripts that let shells complete the command line, written from the declarations of commands, flags, models and methods.
import { MODELS } from '../models/index.ts';
import { UNLEARNERS } from '../unlearn/index.ts';
import type { Command } from './command.ts';
import { COMMON_FLAGS, type Flag } from './flags.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

type Commands = Readonly<Record<string, Command>>;

export function completionScript(shell: Shell, commands: Commands): string {
  return { bash, zsh, fish }[shell](commands);
}

/** Words that a flag's value is one of; undefined where any text or file will do. */
function wordsFor({ name, takes = '' }: Flag): readonly string[] | undefined {
  if (name === 'model') return Object.keys(MODELS);
  if (name === 'method') return Object.keys(UNLEARNERS);
  const words = takes.split('|');
  return words.length > 1 && words.every((word) => /^[a-z]+$/.test(word)) ? words : undefined;
}

const flagsOf = ({ flags }: Command): readonly Flag[] => [...flags, ...COMMON_FLAGS];
const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

function bash(commands: Commands): string {
  const cases = Object.values(commands).map((command) => {
    const values = flagsOf(command).flatMap((flag) => {
      const words = wordsFor(flag);
      return words ? [`      ${dashed(flag.name)}) COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$word")); return ;;`] : [];
    });
    const flags = flagsOf(command)
      .map(({ name }) => dashed(name))
      .join(' ');
    return [`    ${command.name})`, '      case "$before" in', ...values, '      esac', `      flags='${flags}' ;;`].join('\n');
  });
  return `# bash completion for lethe: eval "$(lethe completion bash)"
_lethe() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" flags=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${Object.keys(commands).join(' ')} help' -- "$word")); return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -o filenames -F _lethe lethe
`;
}

/** Within single quotes. */
const quoted = (text: string): string => text.replaceAll("'", "'\\''");
/** Within the brackets of a description for zsh. */
const bracketed = (text: string): string => quoted(text.replace(/[[\]:\\]/g, (sign) => `\\${sign}`));

function zsh(commands: Commands): string {
  const described = Object.values(commands).map(({ name, summary }) => `    '${name}:${quoted(summary)}'`);
  const cases = Object.values(commands).map((command) => {
    const specs = flagsOf(command).map((flag) => {
      const words = wordsFor(flag);
      const value = flag.takes === undefined ? '' : `:${bracketed(flag.takes)}:${words ? `(${words.join(' ')})` : '_files'}`;
      return `        '${flag.many ? '*' : ''}${dashed(flag.name)}[${bracketed(flag.doc)}]${value}'`;
    });
    return `      ${command.name}) _arguments \\\n${specs.join(' \\\n')} \\\n        '*:file:_files' ;;`;
  });
  return `#compdef lethe
# zsh completion for lethe: lethe completion zsh into a file _lethe of your fpath
_lethe() {
  local -a commands
  commands=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
  else
    local command="$words[2]"
    shift words; (( CURRENT-- ))
    case "$command" in
${cases.join('\n')}
    esac
  fi
}
compdef _lethe lethe
`;
}

function fish(commands: Commands): string {
  const lines = Object.values(commands).flatMap((command) => [
    `complete -c lethe -n __fish_use_subcommand -f -a ${command.name} -d '${fishText(command.summary)}'`,
    ...flagsOf(command).map((flag) => {
      const name = flag.name.length === 1 ? `-s ${flag.name}` : `-l ${flag.name}`;
      const words = wordsFor(flag);
      const value = words ? ` -x -a '${words.join(' ')}'` : ' -r';
      const taken = flag.takes === undefined ? '' : value;
      return `complete -c lethe -n '__fish_seen_subcommand_from ${command.name}' ${name}${taken} -d '${fishText(flag.doc)}'`;
    }),
  ]);
  return `# fish completion for lethe: lethe completion fish > ~/.config/fish/completions/lethe.fish\n${lines.join('\n')}\n`;
}

const fishText = (text: string): string => text.replace(/['\\]/g, (sign) => `\\${sign}`);
