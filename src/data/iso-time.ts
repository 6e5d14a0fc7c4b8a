// Times as people write them, without the host's clock, calendar or time zone: what has no offset is universal time.

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(?:\s?(Z|UTC|[+-]\d\d(?::?\d\d)?))?$/i;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Seconds since 1970 of a date, or of a date and a time, after ISO 8601 (`2024-05-01`, `2024-05-01T12:30:00.5+02:00`, a
 * blank in place of the T); NaN for any other text, and for days that there are not.
 */
export function isoSeconds(text: string): number {
  const found = text.match(ISO);
  if (!found) return NaN;
  const [year, month, day, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map((digits) => (digits ? Number(digits) : undefined));
  const leap = year! % 4 === 0 && (year! % 100 !== 0 || year! % 400 === 0);
  if (month! < 1 || month! > 12 || day! < 1 || day! > MONTH_DAYS[month! - 1] + (leap && month === 2 ? 1 : 0)) return NaN;
  if (hour > 23 || minute > 59 || second > 59) return NaN;
  const offset = offsetSeconds(found[8]);
  const whole = ((daysSince1970(year!, month!, day!) * 24 + hour) * 60 + minute) * 60 + second - offset;
  return found[7] ? whole + Number(`0.${found[7]}`) : whole;
}

/** `+02:00`, `+0200` or `+02`; NaN for what is beyond a day. */
function offsetSeconds(text: string | undefined): number {
  if (text === undefined || /^(z|utc)$/i.test(text)) return 0;
  const [, sign, hours, minutes = '0'] = text.match(/^([+-])(\d\d):?(\d\d)?$/)!;
  if (Number(hours) > 23 || Number(minutes) > 59) return NaN;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
}

/** In the Gregorian calendar, which is taken to have always been. Years begin in March, so that the leap day is a year's last. */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month < 3 ? year - 1 : year;
  const monthFromMarch = (month + 9) % 12;
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return y * 365 + leapDays + Math.floor((153 * monthFromMarch + 2) / 5) + day - 1 - 719468;
}
