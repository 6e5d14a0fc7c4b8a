// All attacks.
import { apiArguments } from './arguments.ts';
import type { Attack } from './attack.ts';
import { arrayFiles, dataFiles } from './data-files.ts';
import { damagedModelFiles, notModelFiles, signedModelFiles } from './model-files.ts';
import { requests } from './requests.ts';

export const ATTACKS: readonly Attack[] = Object.freeze([
  damagedModelFiles,
  signedModelFiles,
  notModelFiles,
  dataFiles,
  arrayFiles,
  requests,
  apiArguments,
]);
