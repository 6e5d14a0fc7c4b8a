// A model file's bytes, read: the head, the header, the checksum, the parameters. Refuses whatever `serialize` did not write. Which kinds
// of models there are is for the caller to say: this file brings none.

import { array, describe, like } from '../base/check.ts';
import { ModelError } from '../base/errors.ts';
import { isBuffer, isBytes, utf8Decoder } from '../base/host.ts';
import { sha256 } from '../base/sha256.ts';
import { VERSION } from '../base/version.ts';
import { IdTable } from '../data/ids.ts';
import { align16, parameterBytes } from '../model/digest.ts';
import type { Model, SavedModel, SavedParameter } from '../model/model.ts';
import type { Arena } from '../wasm/memory.ts';
import { paddedWidth } from '../wasm/tensor.ts';
import { type Header, parseHeader } from './header.ts';

export const MAGIC = [0x4c, 0x45, 0x54, 0x48, 0x45, 0x0d, 0x0a, 0x1a]; // "LETHE", and bytes that text transfers would change
export const FORMAT = 1;
export const HEAD_BYTES = 16;
export const HASH_BYTES = 32;

/** What makes a model of its saved parts: a kind of model, or one that only serves. */
export interface Restorer<M extends Model = Model> {
  readonly name: string;
  restore(saved: SavedModel): M;
}

/** The model that a kind restores. */
export type ModelOf<R extends Restorer> = R extends Restorer<infer M> ? M : never;

/** @throws TypeError for what are no kinds of models. */
export function expectKinds(kinds: readonly Restorer[]): void {
  for (const kind of array('kinds', kinds)) like('kinds', kind, 'kinds of models, such as als', ['name', 'restore']);
}

/** The model of a file, by the kinds that are given. @param bytes of the whole file. */
export function restoreModel({ header, start }: OpenFile, bytes: Uint8Array, kinds: readonly Restorer[], arena?: Arena): Model {
  const kind = kinds.find(({ name }) => name === header.model);
  if (!kind) {
    throw new ModelError(
      `the file holds a model of kind "${header.model}", which is none of ${kinds.map(({ name }) => name).join(', ') || 'no kinds'} ` +
        `(version ${VERSION}); give its kind among \`kinds\`, or open it by a version that knows it`,
    );
  }
  const parameters = new Map<string, SavedParameter>();
  let offset = start;
  for (const { name, rows, cols } of header.parameters) {
    const ld = paddedWidth(cols);
    // Where they lie at a multiple of four bytes they are read where they are: the model copies them into its own memory.
    const at = bytes.byteOffset + offset;
    const aligned = at % 4 === 0;
    const padded = new Float32Array(
      aligned ? bytes.buffer : bytes.slice(offset, offset + rows * ld * 4).buffer,
      aligned ? at : 0,
      rows * ld,
    );
    if (!padded.every(Number.isFinite)) throw new ModelError(`the model file expected finite numbers as "${name}", found others`);
    parameters.set(name, { rows, cols, values: ld === cols ? padded : withoutPads(padded, rows, cols, name) });
    offset += rows * ld * 4;
  }
  const { options, provenance, record } = header;
  try {
    return kind.restore({
      options,
      users: IdTable.of(header.users),
      items: IdTable.of(header.items),
      provenance,
      record,
      parameters,
      ...(arena && { arena }),
    });
  } catch (error) {
    // Options that nobody can train with: an error of the file, not of the caller's.
    if (error instanceof TypeError || error instanceof RangeError)
      throw new ModelError(`the model file: ${error.message}`, { cause: error });
    throw error;
  }
}

/** All bytes of a file, of whatever realm they are. Node's Buffer is a Uint8Array whose slice() is no copy. */
export function bytesOf(name: string, file: unknown): Uint8Array<ArrayBuffer> {
  if (isBuffer(file)) return new Uint8Array(file);
  if (!isBytes(file)) throw new TypeError(`${name} expected the bytes of a model file (Uint8Array or ArrayBuffer), got ${describe(file)}`);
  return new Uint8Array(file.buffer as ArrayBuffer, file.byteOffset, file.length);
}

function withoutPads(padded: Float32Array, rows: number, cols: number, name: string): Float32Array {
  const values = new Float32Array(rows * cols);
  const ld = paddedWidth(cols);
  for (let r = 0; r < rows; r++) {
    values.set(padded.subarray(r * ld, r * ld + cols), r * cols);
    for (let pad = r * ld + cols; pad < (r + 1) * ld; pad++) {
      if (padded[pad] !== 0)
        throw new ModelError(`the model file expected rows of "${name}" to be padded with zeros, found ${padded[pad]}`);
    }
  }
  return values;
}

/** A file that is whole: its header, and where its parameters begin. */
export interface OpenFile {
  readonly header: Header;
  readonly start: number;
}

/** @throws ModelError for bytes that are no model file, are incomplete or damaged, or come from a newer format. */
export async function openFile(bytes: Uint8Array): Promise<OpenFile> {
  if (bytes.length < HEAD_BYTES + HASH_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new ModelError('this is not a Lethe model file, or its beginning is missing');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const format = view.getUint32(8, true);
  if (format !== FORMAT) throw new ModelError(`the model file has format ${format}; this version (${VERSION}) reads format ${FORMAT}`);
  const hash = await sha256(bytes.subarray(0, bytes.length - HASH_BYTES));
  if (hash.some((byte, i) => byte !== bytes[bytes.length - HASH_BYTES + i])) {
    throw new ModelError('the model file is damaged or incomplete: its checksum does not match; restore it from a copy');
  }
  const length = view.getUint32(12, true);
  if (HEAD_BYTES + length + HASH_BYTES > bytes.length)
    throw new ModelError(`the model file's header expected ${length} bytes, found fewer`);
  const header = parseHeader(utf8Decoder().decode(bytes.slice(HEAD_BYTES, HEAD_BYTES + length)));
  const start = align16(HEAD_BYTES + length);
  if (start + parameterBytes(header) + HASH_BYTES !== bytes.length) {
    throw new ModelError(`the model file expected ${start + parameterBytes(header) + HASH_BYTES} bytes, found ${bytes.length}`);
  }
  return { header, start };
}
