// DATA on the command line: the flags that say how it is read, and reading it.

import type { Dataset } from '../data/dataset.ts';
import { DUPLICATES } from '../data/duplicates.ts';
import { readDatasetFile } from '../files/node-files.ts';
import { type TrainedData, trainedData } from '../forget/trained-data.ts';
import type { ColumnNames } from '../formats/columns.ts';
import { FORMATS, type FormatName } from '../formats/readers/index.ts';
import type { Model } from '../model/model.ts';
import type { Context } from './command.ts';
import { noteInput } from './files.ts';
import type { Flag } from './flags.ts';
import { listOf } from './lists.ts';
import { count } from './terminal.ts';
import { UsageError } from './usage.ts';

export const DATA_FLAGS: readonly Flag[] = [
  { name: 'format', takes: 'NAME', doc: `How DATA is read: ${Object.keys(FORMATS).join(', ')}. Found out where absent.` },
  { name: 'columns', takes: 'ROLE=NAME,…', doc: 'Columns of a header: user=…,item=…,value=…,time=….' },
  { name: 'titles', takes: 'FILE', doc: 'A table of item titles; by default the one that lies beside the data.' },
  {
    name: 'duplicates',
    takes: 'POLICY',
    default: 'last',
    doc: `What happens to pairs that occur more than once: ${DUPLICATES.join(', ')}.`,
  },
];

export async function openData({ args, terminal, signal }: Context, path: string): Promise<Dataset> {
  const columns = await columnsOf(args.text('columns'));
  const format = args.oneOf('format', Object.keys(FORMATS) as FormatName[]);
  const duplicates = args.oneOf('duplicates', DUPLICATES);
  const titles = args.text('titles');
  const data = await readDatasetFile(path, {
    ...(titles !== undefined && { titles }),
    ...(format && { format }),
    ...(columns && { columns }),
    ...(duplicates && { duplicates }),
    signal,
    onProgress: terminal.progress,
    onOpen: noteInput,
  });
  if (data.duplicates > 0) {
    const kept = data.times ? 'the latest stands' : 'the largest value stands';
    terminal.note(`${path}: ${count(data.duplicates, 'repeated (user, item) pair')}; ${duplicates === 'sum' ? 'values summed' : kept}`);
  }
  if (data.acrossParts > 0) {
    terminal.note(`${path}: ${count(data.acrossParts, 'pair')} in several parts of the split; they count in the first of them alone`);
  }
  return data;
}

/** DATA as the model knows it, for serving and testing. */
export async function openTrainedData(context: Context, path: string, model: Model): Promise<TrainedData> {
  const parts = trainedData(model, await openData(context, path), { allowStale: true });
  if (parts.staleInteractions > 0) {
    context.terminal.note(
      `${path} still holds ${count(parts.staleInteractions, 'interaction')} that the model has forgotten; they count as seen`,
    );
  }
  return parts;
}

async function columnsOf(text: string | undefined): Promise<ColumnNames | undefined> {
  if (text === undefined) return undefined;
  const columns: Record<string, string> = {};
  for (const pair of await listOf('--columns', text)) {
    const equals = pair.indexOf('=');
    const role = pair.slice(0, equals);
    if (equals < 0 || !['user', 'item', 'value', 'time'].includes(role)) {
      throw new UsageError(`--columns expected user=…,item=…,value=…,time=…, got ${JSON.stringify(pair)}`);
    }
    columns[role] = pair.slice(equals + 1);
  }
  return columns;
}
