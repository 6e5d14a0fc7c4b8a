// The registry of commands, in the order of the help text.
import type { Command } from '../command.ts';
import { certify } from './certify.ts';
import { compact } from './compact.ts';
import { compare } from './compare.ts';
import { completion } from './completion.ts';
import { converge } from './converge.ts';
import { demo } from './demo.ts';
import { evaluate } from './evaluate.ts';
import { explain } from './explain.ts';
import { exportCommand } from './export.ts';
import { forget } from './forget.ts';
import { generate } from './generate.ts';
import { importCommand } from './import.ts';
import { init } from './init.ts';
import { inspect } from './inspect.ts';
import { learn } from './learn.ts';
import { recommend } from './recommend.ts';
import { similar } from './similar.ts';
import { status } from './status.ts';
import { train } from './train.ts';
import { tune } from './tune.ts';

export const COMMANDS = Object.freeze({
  demo,
  train,
  tune,
  evaluate,
  recommend,
  similar,
  explain,
  forget,
  learn,
  compare,
  certify,
  inspect,
  export: exportCommand,
  import: importCommand,
  init,
  status,
  converge,
  compact,
  generate,
  completion,
}) satisfies Readonly<Record<string, Command>>;
