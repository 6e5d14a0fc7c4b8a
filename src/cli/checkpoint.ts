// A checkpoint of a training by gradients as a file: kept up to date while training, gone when training is done, since it
// holds the rows of everybody. Written whole; refuses files that are damaged or something else.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { ModelError } from '../base/errors.ts';
import { writeAtOnce } from '../files/whole-files.ts';
import type { Checkpoint } from '../gradient/gradient-model.ts';
import { onInterrupt } from './files.ts';

const MAGIC = Buffer.from('lethe checkpoint 1\n');
const HASH_BYTES = 32;
const hashOf = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** The checkpoint in a file; undefined where there is no file. */
export function readCheckpoint(path: string): Checkpoint | undefined {
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  const begin = MAGIC.length + HASH_BYTES;
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new ModelError(`${path}: expected a checkpoint, found something else`);
  if (!hashOf(bytes.subarray(begin)).equals(bytes.subarray(MAGIC.length, begin)))
    throw new ModelError(`${path}: the checkpoint is damaged or incomplete; remove it to begin anew`);
  return deserialize(bytes.subarray(begin)) as Checkpoint;
}

/** Replaces the file. Synchronous, so that training cannot go on to change what is written. */
export function writeCheckpoint(path: string, checkpoint: Checkpoint): void {
  const payload = serialize(checkpoint);
  writeAtOnce(path, Buffer.concat([MAGIC, hashOf(payload), payload]));
  onInterrupt(`${path} holds the training up to epoch ${checkpoint.epoch}`);
}

export function removeCheckpoint(path: string): void {
  rmSync(path, { force: true });
}
