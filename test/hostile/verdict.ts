// What an attack may end in: one of the library's errors in its own words, or an answer that holds. All else is counted.

/** What must not happen. */
export const FAULTS = Object.freeze(['crash', 'trap', 'hang', 'silent acceptance'] as const);
export type Fault = (typeof FAULTS)[number];

/** A door that did not hold. */
export class Finding extends Error {
  constructor(
    readonly fault: Fault,
    message: string,
  ) {
    super(message);
  }
}

const OWN = new Set(['DataError', 'ModelError', 'MemoryError', 'TypeError', 'RangeError']);
/** How messages of engines begin and end when nobody has checked: the right class, and no help to whoever reads it. */
const ENGINE = [
  /^Cannot (read|set|convert|destructure|mix|perform|assign|delete|access|create)/,
  /^Invalid (array|typed array|array buffer|count|string|time|code point|DataView)/,
  /^(Array buffer allocation|Maximum call stack|Class constructor|Method .* called on|Reduce of empty|Spread syntax|Object prototype)/,
  /^(Offset is outside|offset is out|Start offset|BigInt|Iterator value|WebAssembly|Do not know how|Derived constructors)/,
  /^The (number|value|iterator|provided|encoded|"\w+" argument)/,
  /is not (a function|iterable|a constructor|defined|an object|a Symbol|a valid)|(undefined|null) is not/i,
  /could not be cloned|circular structure/i,
];

/** Whether an error refuses in the library's own words; otherwise the finding that it is. */
export function findingOf(error: unknown, tried: string): Finding | undefined {
  if (error instanceof Finding) return error;
  if (error instanceof WebAssembly.RuntimeError) return new Finding('trap', `${tried}: ${error.message}`);
  if (!(error instanceof Error)) return new Finding('crash', `${tried}: threw ${String(error)}`);
  if (OWN.has(error.name) && error.message !== '' && !ENGINE.some((pattern) => pattern.test(error.message))) return undefined;
  return new Finding('crash', `${tried}: ${error.stack?.split('\n').slice(0, 4).join(' | ')}`);
}

/**
 * Tries a door.
 * @param holds what an answer must fulfil: it throws, or says what is wrong with the answer; undefined where nothing is.
 * @returns whether it was refused.
 * @throws Finding for whatever is neither.
 */
export async function tryDoor<T>(
  tried: string,
  door: () => T | Promise<T>,
  holds: (answer: T) => string | undefined | Promise<string | undefined>,
) {
  let answer: T;
  try {
    answer = await door();
  } catch (error) {
    const finding = findingOf(error, tried);
    if (finding) throw finding;
    return true;
  }
  const wrong = await Promise.resolve(answer)
    .then(holds)
    .catch((error) => {
      throw error instanceof WebAssembly.RuntimeError
        ? new Finding('trap', `${tried}, then used: ${error.message}`)
        : new Finding('silent acceptance', `${tried}, then used: ${error?.stack?.split('\n').slice(0, 4).join(' | ')}`);
    });
  if (wrong !== undefined) throw new Finding('silent acceptance', `${tried}: ${wrong}`);
  return false;
}

/** For what must be refused whatever it answers. */
export const never = (): string => 'was accepted';
