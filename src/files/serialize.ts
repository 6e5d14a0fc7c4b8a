// A model as bytes and back. The layout is in docs/file-format.md: a fixed head, a JSON header, the parameters as they lie
// in linear memory, a SHA-256 of all that. Refuses whatever it did not write.

import * as check from '../base/check.ts';
import { type Disposal, withDisposal } from '../base/disposal.ts';
import { ModelError } from '../base/errors.ts';
import { isBuffer, isBytes, utf8, utf8Decoder } from '../base/host.ts';
import { sha256 } from '../base/sha256.ts';
import { VERSION } from '../base/version.ts';
import { IdTable } from '../data/ids.ts';
import { align16, identityOf, parameterBytes, writeParameters } from '../model/digest.ts';
import { expectModel, type Model, type ModelKind } from '../model/model.ts';
import { MODELS } from '../models/index.ts';
import { digestInUse, kernelsModule } from '../wasm/kernels.ts';
import type { SharedArena } from '../wasm/shared-arena.ts';
import { paddedWidth } from '../wasm/tensor.ts';
import { type Header, parseHeader } from './header.ts';

const MAGIC = [0x4c, 0x45, 0x54, 0x48, 0x45, 0x0d, 0x0a, 0x1a]; // "LETHE", and bytes that text transfers would change
const FORMAT = 1;
const HEAD_BYTES = 16;
const HASH_BYTES = 32;

/** What a file says of its model without computing with it. */
export type ModelInfo = Omit<Header, 'users' | 'items'> & { readonly users: number; readonly items: number };

/** The bytes of a model file: the same model gives the same bytes, on every runtime. */
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

export interface OpenOptions {
  /** The memory to live in, together with other models; default one of its own. */
  readonly arena?: SharedArena;
}

/**
 * The model that `serialize` wrote.
 * @param file all bytes of the file: an ArrayBuffer, or a Uint8Array that may be a view of a larger memory, such as a Buffer.
 * @returns the model; its memory is given back by `dispose()`, or by `using` where the host knows it, and else when it is collected.
 * @throws ModelError for bytes that are no model file, are incomplete or damaged, or come from a newer format.
 */
export async function deserialize(file: Uint8Array | ArrayBuffer, options: OpenOptions = {}): Promise<Model & Disposal> {
  check.knownKeys('deserialize', options, ['arena']);
  if (options.arena !== undefined) check.like('arena', options.arena, 'a SharedArena', ['part']);
  const bytes = bytesOf('deserialize', file);
  // The kernels are compiled while the checksum is being computed.
  const [{ header, start }] = await Promise.all([open(bytes), Promise.resolve().then(kernelsModule)]);
  const kind: ModelKind | undefined = Object.hasOwn(MODELS, header.model) ? MODELS[header.model as keyof typeof MODELS] : undefined;
  if (!kind) throw new ModelError(`the file holds a model of kind "${header.model}", which this version (${VERSION}) does not know`);
  const parameters = new Map<string, { rows: number; cols: number; values: Float32Array }>();
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
  const { provenance, record } = header;
  const described = { options: header.options, users: IdTable.of(header.users), items: IdTable.of(header.items), provenance, record };
  const arena = options.arena?.part();
  try {
    return withDisposal(kind.restore({ ...described, parameters, ...(arena && { arena }) }));
  } catch (error) {
    arena?.dispose();
    // Options that nobody can train with: an error of the file, not of the caller's.
    if (error instanceof TypeError || error instanceof RangeError)
      throw new ModelError(`the model file: ${error.message}`, { cause: error });
    throw error;
  }
}

/** All bytes of a file, of whatever realm they are. Node's Buffer is a Uint8Array whose slice() is no copy. */
function bytesOf(name: string, file: unknown): Uint8Array<ArrayBuffer> {
  if (isBuffer(file)) return new Uint8Array(file);
  if (!isBytes(file))
    throw new TypeError(`${name} expected the bytes of a model file (Uint8Array or ArrayBuffer), got ${check.describe(file)}`);
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

/** A model file's header, after the same checks as `deserialize` makes. */
export async function inspectFile(file: Uint8Array | ArrayBuffer): Promise<ModelInfo> {
  const { header } = await open(bytesOf('inspectFile', file));
  return { ...header, users: header.users.filter((id) => id !== null).length, items: header.items.filter((id) => id !== null).length };
}

/**
 * SHA-256 (hex) of the kernels that came with the package and are in use: two default builds with the same digest compute
 * the same bytes.
 */
export async function kernelsDigest(): Promise<string> {
  return digestInUse();
}

async function open(bytes: Uint8Array): Promise<{ header: Header; start: number }> {
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
