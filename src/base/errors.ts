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

/** The work needs more memory than WebAssembly can give. */
export class MemoryError extends Error {
  override readonly name = 'MemoryError';
  constructor(
    readonly needed: number,
    readonly available: number,
    remedy = 'use fewer factors, less data, or several models',
  ) {
    super(`needs ${needed} bytes of WebAssembly memory, of which ${available} are available; ${remedy}`);
  }
}
