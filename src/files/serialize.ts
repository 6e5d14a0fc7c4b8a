// A model as bytes and back. The layout is in docs/file-format.md: a fixed head, a JSON header, the parameters as they lie
// in linear memory, a SHA-256 of all that.

import * as check from '../base/check.ts';
import { type Disposal, withDisposal } from '../base/disposal.ts';
import { utf8 } from '../base/host.ts';
import { sha256 } from '../base/sha256.ts';
import { VERSION } from '../base/version.ts';
import { align16, identityOf, parameterBytes, writeParameters } from '../model/digest.ts';
import { expectModel, type Model } from '../model/model.ts';
import { MODELS } from '../models/index.ts';
import { digestInUse, kernelsModule } from '../wasm/kernels.ts';
import type { SharedArena } from '../wasm/shared-arena.ts';
import type { Header } from './header.ts';
import {
  bytesOf,
  expectKinds,
  FORMAT,
  HASH_BYTES,
  HEAD_BYTES,
  MAGIC,
  type ModelOf,
  openFile,
  type Restorer,
  restoreModel,
} from './model-file.ts';

/** What a file says of its model without computing with it. */
export type ModelInfo = Omit<Header, 'users' | 'items'> & { readonly users: number; readonly items: number };

/**
 * The bytes of a model file: the same model gives the same bytes, on every runtime.
 * @example
 * const bytes = await serialize(model); // write them where you like; deserialize(bytes) gives the model back
 */
export async function serialize(model: Model): Promise<Uint8Array<ArrayBuffer>> {
  expectModel('model', model);
  // Any number of threads gives the same bytes, of the file too.
  const { threads: _, ...record } = model.record;
  const header: Header = {
    ...identityOf(model),
    provenance: model.provenance,
    record,
    version: VERSION,
    kernels: await kernelsDigest(),
  };
  const text = utf8(JSON.stringify(header));
  const start = align16(HEAD_BYTES + text.length);
  const bytes = new Uint8Array(start + parameterBytes(header) + HASH_BYTES);
  bytes.set(MAGIC);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, FORMAT, true);
  view.setUint32(12, text.length, true);
  bytes.set(text, HEAD_BYTES);
  writeParameters(model, bytes.subarray(start));
  bytes.set(await sha256(bytes.subarray(0, bytes.length - HASH_BYTES)), bytes.length - HASH_BYTES);
  return bytes;
}

/** Which models are welcome. */
export interface OpenOptions<R extends Restorer = Restorer> {
  /** The kinds of models that are welcome, such as `[als, ease]`; default all of `MODELS`. */
  readonly kinds?: readonly R[];
  /** The memory to live in, together with other models; default one of its own. */
  readonly arena?: SharedArena;
}

/**
 * The model that `serialize` wrote.
 * @param file all bytes of the file: an ArrayBuffer, or a Uint8Array that may be a view of a larger memory, such as a Buffer.
 * @returns the model; its memory is given back by `dispose()`, or by `using` where the host knows it, and else when it is collected.
 * @throws ModelError for bytes that are no model file, are incomplete or damaged, come from a newer format, or hold a model of another
 *   kind than those asked for.
 * @example
 * const bytes = await serialize(model);
 * const again = await deserialize(bytes); // of any kind
 * const { userFactors } = await deserialize(bytes, { kinds: [als] }); // an AlsModel, or a ModelError
 */
export async function deserialize<R extends Restorer = Restorer>(
  file: Uint8Array | ArrayBuffer,
  options: OpenOptions<R> = {},
): Promise<ModelOf<R> & Disposal> {
  const bytes = bytesOf('deserialize', file);
  check.knownKeys('deserialize', options, ['kinds', 'arena']);
  if (options.arena !== undefined) check.like('arena', options.arena, 'a SharedArena', ['part']);
  const kinds: readonly Restorer[] = options.kinds ?? Object.values(MODELS);
  expectKinds(kinds);
  // The kernels are compiled while the checksum is being computed.
  const [opened] = await Promise.all([openFile(bytes), Promise.resolve().then(kernelsModule)]);
  const arena = options.arena?.part();
  try {
    return withDisposal(restoreModel(opened, bytes, kinds, arena)) as ModelOf<R> & Disposal;
  } catch (error) {
    arena?.dispose();
    throw error;
  }
}

/**
 * A model file's header, after the same checks as `deserialize` makes.
 * @example
 * const { model: kind, options, users } = await inspectFile(file);
 */
export async function inspectFile(file: Uint8Array | ArrayBuffer): Promise<ModelInfo> {
  const { header } = await openFile(bytesOf('inspectFile', file));
  return { ...header, users: header.users.filter((id) => id !== null).length, items: header.items.filter((id) => id !== null).length };
}

/**
 * SHA-256 (hex) of the kernels that came with the package and are in use: two default builds with the same digest compute
 * the same bytes.
 * @example
 * console.log(await kernelsDigest());
 */
export async function kernelsDigest(): Promise<string> {
  return digestInUse();
}
