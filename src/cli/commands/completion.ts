// lethe completion: a script for the shell that completes commands, flags and their values.
import type { Command } from '../command.ts';
import { completionScript, SHELLS, type Shell } from '../completion.ts';
import { didYouMean } from '../suggest.ts';
import { UsageError } from '../usage.ts';

export const completion: Command = {
  name: 'completion',
  summary: 'A script that completes commands, flags and their values in bash, zsh or fish.',
  usage: `SHELL (${SHELLS.join(', ')})`,
  operands: [1, 1],
  flags: [],
  notes: 'bash: eval "$(lethe completion bash)"; zsh: write it to a file _lethe of your fpath; fish: lethe completion fish | source.',
  async run({ args, terminal, commands }) {
    const [shell] = args.operands;
    if (!SHELLS.includes(shell as Shell))
      throw new UsageError(`completion expected one of ${SHELLS.join(', ')}; got ${JSON.stringify(shell)}${didYouMean(shell, SHELLS)}`);
    const script = completionScript(shell as Shell, commands);
    terminal.result({ shell, script }, script);
  },
};
