// The error classes of the library. Wrong kinds and values use the language's TypeError and RangeError;
// these two say what those cannot: that data are broken, or that a model's numerics or file are.

/** Where in the data something was found to be wrong. */
export interface DataPlace {
  /** File name or other source, as the user named it. */
  readonly source?: string;
  /** Line, counted from 1. */
  readonly line?: number;
}

/** Input data break a rule: the message names place, expectation and finding. */
export class DataError extends Error {
  override readonly name = 'DataError';
  readonly source?: string;
  readonly line?: number;
  constructor(message: string, place: DataPlace = {}) {
    const { source, line } = place;
    const where = line === undefined ? source : `${source}:${line}`;
    super(source === undefined ? message : `${where}: ${message}`);
    this.source = source;
    this.line = line;
  }
}

/** A model cannot be computed, or a model file cannot be used. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}

/** The work needs more memory than WebAssembly or the host can give. */
export class MemoryError extends Error {
  override readonly name = 'MemoryError';
  constructor(
    readonly needed: number,
    readonly available: number,
    remedy = 'use fewer factors, less data, or several models',
  ) {
    super(
      available > 0
        ? `needs ${needed} bytes of WebAssembly memory, of which ${available} are available; ${remedy}`
        : `needs ${needed} bytes of memory, for which there is no room; ${remedy}`,
    );
  }
}

/** What engines say where an array is longer than they allow, or than there is room for: a RangeError that names nothing. */
const NO_ROOM = /allocation failed|invalid (array buffer|typed array|array) length|out of memory|could not allocate/i;

/**
 * The error to throw for what work ended with.
 * @param needed bytes that the work takes, about.
 * @returns a MemoryError where the engine had no room; else the error as it is.
 */
export function asMemoryError(error: unknown, needed: number, remedy: string): unknown {
  const noRoom = error instanceof RangeError && NO_ROOM.test(error.message);
  return noRoom ? new MemoryError(needed, 0, `${remedy} (the host said: ${error.message})`) : error;
}
