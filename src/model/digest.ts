// What a model is, as bytes, and the SHA-256 of it.

import { utf8 } from '../base/host.ts';
import type { OptionValue } from '../base/options.ts';
import { hex, sha256 } from '../base/sha256.ts';
import type { IdTable } from '../data/ids.ts';
import { paddedWidth } from '../wasm/tensor.ts';
import { expectModel, type Model } from './model.ts';

/** What makes a model itself, beside the values of its parameters. */
export interface ModelIdentity {
  readonly model: string;
  readonly options: Readonly<Record<string, OptionValue>>;
  /** Ids by position; null where one was deleted. */
  readonly users: readonly (string | null)[];
  readonly items: readonly (string | null)[];
  readonly parameters: readonly { readonly name: string; readonly rows: number; readonly cols: number }[];
}

/**
 * SHA-256 (hex) of a model's canonical bytes: kind, options, ids, parameters. Not of when, where or how it came about,
 * so that a forgetting which is exact gives gold's digest.
 * @example
 * console.log(await digest(model)); // 64 letters, the same on every runtime
 */
export async function digest(model: Model): Promise<string> {
  expectModel('model', model);
  const identity = identityOf(model);
  const text = utf8(JSON.stringify(identity));
  const start = align16(text.length);
  const bytes = new Uint8Array(start + parameterBytes(identity));
  bytes.set(text);
  writeParameters(model, bytes.subarray(start));
  return hex(await sha256(bytes));
}

export function identityOf(model: Model): ModelIdentity {
  const positions = (table: IdTable): (string | null)[] => Array.from({ length: table.size }, (_, p) => table.at(p));
  return {
    model: model.kind.name,
    options: model.options,
    users: positions(model.users),
    items: positions(model.items),
    parameters: Array.from(model.parameters, ([name, { rows, cols }]) => ({ name, rows, cols })),
  };
}

/** Bytes of the parameters as they lie in memory, rows padded. */
export function parameterBytes({ parameters }: ModelIdentity): number {
  return parameters.reduce((sum, { rows, cols }) => sum + rows * paddedWidth(cols) * 4, 0);
}

export function writeParameters(model: Model, bytes: Uint8Array): void {
  let offset = 0;
  for (const matrix of model.parameters.values()) {
    const view = matrix.view();
    bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), offset);
    offset += view.byteLength;
  }
}

/** Parameters start at a multiple of 16, so that they can be mapped as they are. */
export const align16 = (bytes: number): number => (bytes + 15) & ~15;
