// Numbers and times as text: with a decimal point or a decimal comma, and what is said where they are none.
import { DataError } from '../base/errors.ts';
import { isoSeconds } from '../data/iso-time.ts';

/** Which sign stands before decimals. With the comma, points and blanks may group thousands. */
export const DECIMALS = ['point', 'comma'] as const;
/** What stands before the digits of a fraction. */
export type Decimal = (typeof DECIMALS)[number];

/** Groups of three digits, or digits, and decimals after a comma. */
const WITH_COMMA = /^\s*([+-]?)(\d{1,3}(?:[ .'\u00a0\u202f]\d{3})+|\d*)(?:,(\d*))?\s*$/;
/** A comma that is no sign of thousands. */
const ONE_COMMA = /^\s*[+-]?\d*,\d+\s*$/;
const THOUSANDS = /^\s*[+-]?\d{1,3}(,\d{3})+\s*$/;

/** The number with a point; NaN text where it is none with a comma. */
function pointed(text: string): string {
  const [, sign, whole, decimals = ''] = text.match(WITH_COMMA) ?? [];
  if (whole === undefined || whole + decimals === '') return 'NaN';
  return `${sign}${whole.replace(/\D/g, '')}.${decimals}0`;
}

/** A finite number. @throws DataError that names the column. */
export function finite(text: string, column: string, source: string, line: number, decimal: Decimal = 'point'): number {
  const value = Number(decimal === 'comma' ? pointed(text) : text);
  if (Number.isFinite(value) && text.trim() !== '') return value;
  const hint = decimal === 'point' && ONE_COMMA.test(text) ? '; say decimal comma where the comma stands before decimals' : '';
  throw new DataError(
    `expected a finite number${decimal === 'comma' ? ' with a decimal comma' : ''} as the ${column}, found ${JSON.stringify(text)}${hint}`,
    { source, line },
  );
}

/** A value that stays finite in float32. */
export function finiteValue(text: string, source: string, line: number, decimal: Decimal = 'point'): number {
  const value = finite(text, 'value', source, line, decimal);
  if (!Number.isFinite(Math.fround(value))) {
    throw new DataError(`expected a value within float32's range, found ${JSON.stringify(text)}`, { source, line });
  }
  return value;
}

/** A number, or ISO 8601 as seconds since 1970. */
export function timeIn(text: string, source: string, line: number, decimal: Decimal = 'point'): number {
  const seconds = isoSeconds(text.trim());
  return Number.isNaN(seconds) ? finite(text, 'time', source, line, decimal) : seconds;
}

/** Whether text is a number, with a point or a comma. */
export const looksNumeric = (text: string | undefined): boolean =>
  text !== undefined && text.trim() !== '' && (Number.isFinite(Number(text)) || ONE_COMMA.test(text));

/**
 * Whether some numbers have a comma before their decimals: all are numbers then, no point is among them, and not all commas
 * may group thousands.
 */
export function showComma(texts: readonly string[]): boolean {
  const commas = texts.filter((text) => ONE_COMMA.test(text));
  return commas.some((text) => !THOUSANDS.test(text)) && texts.every((text) => !text.includes('.') && looksNumeric(text));
}
