// Validation of what users pass in. Each check returns the value, so that it reads as an assignment;
// each error names the option, what was expected and what was found.

/** Bounds of a number; `min` and `max` are inclusive, `above` is exclusive. */
export interface Bounds {
  readonly min?: number;
  readonly above?: number;
  readonly max?: number;
}

export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return `an object (${value.constructor?.name ?? 'no prototype'})`;
  return String(value);
}

/** ` >= 1 and <= 5`, as it stands after what is bounded. */
export function boundsText({ min, above, max }: Bounds): string {
  const low = lowerText(min, above);
  return max === undefined ? low : `${low}${low && ' and'} <= ${max}`;
}

function lowerText(min: number | undefined, above: number | undefined): string {
  if (min !== undefined) return ` >= ${min}`;
  return above === undefined ? '' : ` > ${above}`;
}

function within(value: number, { min, above, max }: Bounds): boolean {
  return (min === undefined || value >= min) && (above === undefined || value > above) && (max === undefined || value <= max);
}

/** A finite number within bounds. */
export function number(name: string, value: unknown, bounds: Bounds = {}): number {
  const expected = `"${name}" expected a number${boundsText(bounds)}, got ${describe(value)}`;
  if (typeof value !== 'number') throw new TypeError(expected);
  if (!Number.isFinite(value) || !within(value, bounds)) throw new RangeError(expected);
  return value;
}

/** A safe integer within bounds. */
export function integer(name: string, value: unknown, bounds: Bounds = {}): number {
  const expected = `"${name}" expected an integer${boundsText(bounds)}, got ${describe(value)}`;
  if (typeof value !== 'number') throw new TypeError(expected);
  if (!Number.isSafeInteger(value) || !within(value, bounds)) throw new RangeError(expected);
  return value;
}

export function boolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeError(`"${name}" expected true or false, got ${describe(value)}`);
  return value;
}

export function string(name: string, value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`"${name}" expected a string, got ${describe(value)}`);
  return value;
}

/** An array. A string can be walked through as well, letter by letter, which nobody means. */
export function array<T>(name: string, value: readonly T[]): readonly T[] {
  if (!Array.isArray(value)) throw new TypeError(`"${name}" expected an array, got ${describe(value)}`);
  return value;
}

/** One of the given words. */
export function oneOf<T extends string>(name: string, value: unknown, words: readonly T[]): T {
  const expected = `"${name}" expected one of ${words.join(', ')}; got ${describe(value)}`;
  if (typeof value !== 'string') throw new TypeError(expected);
  if (!words.includes(value as T)) throw new RangeError(expected);
  return value as T;
}

/** Whether a value is a typed array of that name, of whatever realm: `instanceof` knows those of its own alone. */
export function isTyped(value: unknown, name: string): boolean {
  return ArrayBuffer.isView(value) && (value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === name;
}

/** An object whose keys are all known: a misspelt option is an error, never ignored. */
export function knownKeys(what: string, value: object, known: readonly string[]): void {
  // By what the value says of itself: models and data come with classes, and other realms with other ones.
  if (Object.prototype.toString.call(value) !== '[object Object]') {
    throw new TypeError(`${what} expected options by name, got ${describe(value)}`);
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new TypeError(`${what} knows no option "${key}"; known: ${known.join(', ') || 'none'}`);
    }
  }
}

/** An object that holds values by name. */
export function record(name: string, value: unknown): void {
  if (Object.prototype.toString.call(value) !== '[object Object]') {
    throw new TypeError(`"${name}" expected values by name, got ${describe(value)}`);
  }
}

/** A function, or nothing. */
export function optionalFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw new TypeError(`"${name}" expected a function, got ${describe(value)}`);
}

/**
 * Something of the library's own, known by what it has and not by its class: another build or realm has other classes.
 * @param what such as `a Dataset`.
 * @param members what it must have.
 */
export function like(name: string, value: unknown, what: string, members: readonly string[]): void {
  const has = (member: string): boolean => (value as Record<string, unknown>)[member] !== undefined;
  if (typeof value !== 'object' || value === null || !members.every(has)) {
    throw new TypeError(`"${name}" expected ${what}, got ${describe(value)}`);
  }
}

/** Throws the signal's reason when the caller has given up. */
export function aborted(signal: AbortSignal | undefined): void {
  signal?.throwIfAborted();
}
