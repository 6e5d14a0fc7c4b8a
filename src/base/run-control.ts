// How whoever starts a long piece of work watches it, stops it and says how many threads it may take.
import * as check from './check.ts';

/** Progress of a run: `done` of `total` steps, and what is known so far. */
export interface Progress {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  /** The training objective or loss after this step, where it is computed. */
  readonly objective?: number;
  /** How far the training's equations are from holding after this step, where that is computed; 0 is the end. */
  readonly residual?: number;
  /** A validation metric after this step, where one is computed. */
  readonly validation?: number;
}

/** How a run is watched and stopped. */
export interface RunControl {
  readonly onProgress?: (progress: Progress) => void;
  /** Aborting makes the run throw the signal's reason; nothing is changed then. */
  readonly signal?: AbortSignal;
  /** Threads to use; any number gives the same bytes. Default 1. */
  readonly threads?: number;
}

/** @param more what else the work may be told. @throws TypeError, RangeError for what no run can be told. */
export function checkControl(what: string, control: RunControl, more: readonly string[] = []): void {
  check.knownKeys(what, control, ['signal', 'onProgress', 'threads', ...more]);
  check.optionalFunction('onProgress', control.onProgress);
  if (control.signal !== undefined) check.like('signal', control.signal, 'an AbortSignal', ['throwIfAborted']);
  if (control.threads !== undefined) check.integer('threads', control.threads, { min: 1, max: 1024 });
}
