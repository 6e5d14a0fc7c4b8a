// lethe generate: made-up data of any shape, by keyed draws.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import * as check from '../../base/check.ts';
import { generate as generateData } from '../../data/generate.ts';
import type { FileContent } from '../../files/whole-files.ts';
import { openChunks } from '../../formats/bytes.ts';
import { datasetFiles } from '../../formats/write.ts';
import type { Command } from '../command.ts';
import { makeFolder, requireFolder, writeWhole } from '../files.ts';
import { type Arguments, asUsage } from '../flags.ts';
import { listOf } from '../lists.ts';
import { fields } from '../terminal.ts';
import { UsageError } from '../usage.ts';

export const generate: Command = {
  name: 'generate',
  summary: 'Make data up: power-law users and items, clustered tastes, features that follow them.',
  usage: '--users N --items M --interactions K --out DIR [--modalities text:64,image:64]',
  operands: [0, 0],
  flags: [
    { name: 'users', takes: 'N', required: true, doc: 'Number of users.' },
    { name: 'items', takes: 'N', required: true, doc: 'Number of items.' },
    { name: 'interactions', takes: 'N', required: true, doc: 'Number of interactions; at least one for every user and item.' },
    { name: 'out', takes: 'DIR', required: true, doc: 'The folder to write: data.inter, titles.tsv, and a *_feat.npy for each modality.' },
    { name: 'modalities', takes: 'NAME:DIMS,…', doc: 'Feature matrices to make.' },
    { name: 'clusters', takes: 'N', doc: 'Groups of items that are liked together; by default more for more items.' },
  ],
  async run({ args, terminal, signal }) {
    const out = args.required('out');
    await requireFolder('--out', out);
    const modalities = await modalitiesOf(args);
    const size = (name: string): number => args.integer(name, 0, { min: 1 });
    const options = {
      users: size('users'),
      items: size('items'),
      interactions: size('interactions'),
      seed: args.seed,
      ...(modalities && { modalities }),
      ...(args.has('clusters') && { clusters: size('clusters') }),
    };
    const data = await generateData(options, { signal, onProgress: terminal.progress }).catch((error: unknown) =>
      asUsage((): never => {
        throw error;
      }),
    );
    await makeFolder(out);
    // The digest is that of the files' bytes, name by name.
    const hash = createHash('sha256');
    const files = new Map<string, FileContent>();
    for (const { name, chunks } of datasetFiles(data))
      files.set(join(out, name), hashed(name, openChunks(typeof chunks === 'function' ? chunks() : chunks, name)));
    async function* hashed(name: string, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      hash.update(`${name}\n`);
      for await (const piece of pieces) {
        hash.update(piece);
        yield piece;
      }
    }
    await writeWhole(files);
    const result = {
      users: data.users.live,
      items: data.items.live,
      interactions: data.interactions,
      digest: hash.digest('hex'),
      files: [...files.keys()],
    };
    terminal.result(
      result,
      fields([
        ['users', result.users],
        ['items', result.items],
        ['interactions', result.interactions],
        ['digest', result.digest],
        ['saved', result.files.join(' ')],
      ]),
    );
  },
};

async function modalitiesOf(args: Arguments): Promise<Record<string, number> | undefined> {
  const text = args.text('modalities');
  if (text === undefined) return undefined;
  const modalities = new Map<string, number>();
  for (const each of await listOf('--modalities', text)) {
    const [, name, dims] = each.match(/^([A-Za-z0-9-]+):(\d+)$/) ?? [];
    if (name === undefined) throw new UsageError(`--modalities expected NAME:DIMS, as in text:64,image:64; got ${JSON.stringify(each)}`);
    modalities.set(
      name,
      asUsage(() => check.integer('--modalities', Number(dims), { min: 1 })),
    );
  }
  return Object.fromEntries(modalities);
}
