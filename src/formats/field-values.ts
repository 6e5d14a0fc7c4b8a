// Ids, values, times and parts as programs and typed files have them. A converter gives undefined for what is none of its
// kind: whoever asked knows the place and finds the words.
import { isoSeconds } from '../data/iso-time.ts';
import { PART_NAMES } from '../data/rows.ts';

/** What each role of a column expects, in words. */
export const EXPECTED = {
  user: 'an id: text that is not empty, or a whole number that float64 holds exactly',
  item: 'an id: text that is not empty, or a whole number that float64 holds exactly',
  value: 'a number that is finite in float32',
  time: 'a finite number, a Date or an ISO 8601 time',
  part: 'train, validation, test, unseen, or their numbers 0 to 3',
} as const;

export function idOf(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function floatOf(value: unknown): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(Math.fround(number)) ? number : undefined;
}

export function timeOf(value: unknown): number | undefined {
  if (typeof value === 'bigint') return Number(value);
  let seconds = value;
  if (typeof value === 'string') seconds = isoSeconds(value);
  else if (Object.prototype.toString.call(value) === '[object Date]') seconds = (value as Date).getTime() / 1000;
  return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds : undefined;
}

export function partOf(value: unknown): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (number === 0 || number === 1 || number === 2 || number === 3) return number;
  const at = PART_NAMES.indexOf(value as (typeof PART_NAMES)[number]);
  return at < 0 ? undefined : at;
}

/** Text that is a number, as that number: files of JSON and columns of text hold such. */
export function numeric(value: unknown): unknown {
  return typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value)) ? Number(value) : value;
}
