// A data set as files that the readers read again: `.inter`, `titles.tsv`, `*_feat.npy`. Streams of bytes; no file access.

import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import { utf8 } from '../base/host.ts';
import { type Dataset, expectDataset } from '../data/dataset.ts';
import type { NamedContent } from './bytes.ts';
import { npyChunks } from './npy.ts';

/** Characters of text that are gathered before they are encoded. */
const PIECE = 1 << 20;

/**
 * The interactions as `.inter` text in pieces: `userID itemID rating`, and `timestamp` and `x_label` where there are any.
 * @example
 * let size = 0;
 * for (const chunk of interChunks(train)) size += chunk.length;
 */
export function* interChunks(data: Dataset): Generator<Uint8Array> {
  expectDataset('data', data);
  const { rows, indptr, indices, data: values } = data.userItems;
  const { times, parts } = data;
  const items = Array.from({ length: data.items.size }, (_, position) => quoted(data.items.at(position) ?? ''));
  yield* encoded(
    (function* () {
      yield `userID\titemID\trating${times ? '\ttimestamp' : ''}${parts ? '\tx_label' : ''}\n`;
      for (let u = 0; u < rows; u++) {
        const user = quoted(data.users.at(u) ?? '');
        for (let e = indptr[u]; e < indptr[u + 1]; e++) {
          yield `${user}\t${items[indices[e]]}\t${values[e]}${times ? `\t${times[e]}` : ''}${parts ? `\t${parts[e]}` : ''}\n`;
        }
      }
    })(),
  );
}

/**
 * The files of a data set: `NAME.inter`, `titles.tsv` where there are titles, `MODALITY_feat.npy` where there are features.
 * @throws DataError when there are features and the items' ids are not the row numbers that feature files go by.
 * @example
 * for (const { name } of datasetFiles(train)) console.log(name); // data.inter
 */
export function datasetFiles(data: Dataset, name = 'data'): NamedContent[] {
  expectDataset('data', data);
  check.string('name', name);
  const files: NamedContent[] = [{ name: `${name}.inter`, chunks: () => interChunks(data) }];
  if (data.titles.size > 0) files.push({ name: 'titles.tsv', chunks: () => titleChunks(data) });
  for (const [modality, { dims, values }] of data.features) {
    for (let position = 0; position < data.items.size; position++) {
      if (data.items.at(position) !== String(position)) {
        throw new DataError(
          `expected item ids 0, 1, 2, … to write features by, found ${JSON.stringify(data.items.at(position))} in place ${position}`,
          { source: data.source },
        );
      }
    }
    files.push({
      name: `${modality}_feat.npy`,
      chunks: () => npyChunks({ shape: [data.items.size, dims], data: values as Float32Array<ArrayBuffer> }),
    });
  }
  return files;
}

function titleChunks(data: Dataset): Generator<Uint8Array> {
  return encoded(
    (function* () {
      yield 'item\ttitle\n';
      for (const [position, title] of data.titles) {
        const id = data.items.at(position);
        if (id !== null) yield `${quoted(id)}\t${quoted(title)}\n`;
      }
    })(),
  );
}

/** A field as RFC 4180 has it: in quotes where it holds a delimiter, a quote or a line end. */
function quoted(field: string): string {
  return /[\t"\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

function* encoded(lines: Iterable<string>): Generator<Uint8Array> {
  let text = '';
  for (const line of lines) {
    text += line;
    if (text.length >= PIECE) {
      yield utf8(text);
      text = '';
    }
  }
  if (text !== '') yield utf8(text);
}
