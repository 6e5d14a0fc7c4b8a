// The header of a model file, checked as if somebody had written it by hand: a checksum says that a file is whole, not that
// it makes sense. Whatever is read from it later has its type here.
import * as check from '../base/check.ts';
import { ModelError } from '../base/errors.ts';
import { coreRuleIn } from '../data/core.ts';
import type { ModelIdentity } from '../model/digest.ts';
import type { Provenance } from '../model/model.ts';

export interface Header extends ModelIdentity {
  readonly provenance: Provenance;
  readonly record: Readonly<Record<string, unknown>>;
  readonly version: string;
  readonly kernels: string;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isOptional = (value: unknown): boolean => value === null || ['string', 'number', 'boolean'].includes(typeof value);

const isParameter = (value: unknown): boolean =>
  isObject(value) && isText(value.name) && isSize(value.rows) && isSize(value.cols) && Object.keys(value).length === 3;
const isIdOrHole = (value: unknown): boolean => value === null || (isText(value) && value !== '');

function isIds(value: unknown): boolean {
  if (!Array.isArray(value) || !value.every(isIdOrHole)) return false;
  const ids = value.filter((id) => id !== null);
  // A model was trained on somebody and something.
  return ids.length > 0 && new Set(ids).size === ids.length;
}

function isSplit(value: unknown): boolean {
  return isObject(value) && isText(value.rule) && Number.isFinite(value.seed);
}

/** How data were read decides which rows a model was trained on: a broken word would leave out others. */
function isReading(value: unknown): boolean {
  if (value === undefined) return true;
  if (!isObject(value)) return false;
  try {
    coreRuleIn(value);
    return true;
  } catch {
    return false;
  }
}

/** What each part of a header must be. */
const PARTS: Readonly<Record<keyof Header, readonly [is: (value: unknown) => boolean, expected: string]>> = {
  model: [isText, 'the name of a kind of model'],
  options: [(value) => isObject(value) && Object.values(value).every(isOptional), 'options by name'],
  users: [isIds, 'distinct ids by position, null for an empty one'],
  items: [isIds, 'distinct ids by position, null for an empty one'],
  parameters: [
    (value) => Array.isArray(value) && value.every(isParameter) && new Set(value.map(({ name }) => name)).size === value.length,
    'parameters of distinct names, with their rows and columns',
  ],
  provenance: [
    (value) => isObject(value) && isText(value.fingerprint) && isSplit(value.split) && isReading(value.reading),
    'a fingerprint and a split',
  ],
  record: [isObject, 'what training noted, by name'],
  version: [isText, 'a version'],
  kernels: [isText, 'the digest of the kernels'],
};

/** @throws ModelError that names the part which makes no sense. */
export function parseHeader(text: string): Header {
  const header = parsed(text);
  for (const [part, [is, expected]] of Object.entries(PARTS)) {
    if (!is(header[part])) throw new ModelError(`the model file's header expected ${expected} as "${part}", found ${found(header[part])}`);
  }
  // What was left out in silence would be gone when the model is saved again.
  const unknown = Object.keys(header).find((part) => !Object.hasOwn(PARTS, part));
  if (unknown !== undefined)
    throw new ModelError(`the model file's header expected ${Object.keys(PARTS).join(', ')}, found "${unknown}" as well`);
  return header as unknown as Header;
}

function parsed(text: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    throw new ModelError("the model file's header is no JSON; restore the file from a copy");
  }
  if (!isObject(header)) throw new ModelError(`the model file's header expected an object, found ${check.describe(header)}`);
  return header;
}

const found = (value: unknown): string => (value === undefined ? 'nothing' : check.describe(value));
