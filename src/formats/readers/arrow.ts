// Arrow IPC (files, which Feather's second version are, and streams), by the package apache-arrow.
import { DataError } from '../../base/errors.ts';
import { wholeBytes } from '../bytes.ts';
import type { Format } from '../format.ts';
import { SAMPLED } from '../layout.ts';
import { NamedRows } from '../named-rows.ts';
import { packageOf } from '../packages.ts';
import { ArrowColumns, type ArrowTable } from '../row-fields.ts';

/** Rows between two points where other work may run. */
const BREATH = 1 << 12;

/** `ARROW1` */
const MAGIC = [65, 82, 82, 79, 87, 49];

export const arrow = {
  name: 'arrow',
  summary: 'Arrow IPC files (Feather too) and streams, by the package apache-arrow',
  takes: ['columns', 'likes'],
  binary: true,
  detect(_, __, head) {
    return MAGIC.every((byte, n) => head[n] === byte) || (head.length > 8 && [0, 1, 2, 3].every((n) => head[n] === 255));
  },
  async read(input) {
    const { source } = input;
    const { tableFromIPC } = await packageOf<{ tableFromIPC(bytes: Uint8Array): ArrowTable }>(
      'apache-arrow',
      input.packages,
      'Arrow IPC',
      source,
    );
    const bytes = await wholeBytes(input.chunks);
    const guarded = <T>(work: () => T): T => {
      try {
        return work();
      } catch (error) {
        throw new DataError(`cannot be read as Arrow IPC (${(error as Error).message})`, { source });
      }
    };
    const table = guarded(() => tableFromIPC(bytes));
    const count = table.numRows;
    if (!(count > 0)) return undefined;
    // An id takes a byte at least; a broken length would be walked through for hours.
    if (count > bytes.length) throw new DataError(`expected at most ${bytes.length} rows in as many bytes, found ${count}`, { source });
    const columns = new ArrowColumns(table);
    const { names } = columns;
    const readers = guarded(() => names.map((name) => columns.column(name)!.at));
    const read = (column: number, row: number): unknown => guarded(() => readers[column](row));
    const sample = Array.from({ length: Math.min(count, SAMPLED) }, (_, row) => names.map((_, column) => read(column, row)));
    const rows = new NamedRows(input, names, sample, { source });
    for (let row = 0; row < count; row++) {
      rows.take(
        (column) => read(column, row),
        () => ({ source: `${source}, row ${row + 1}` }),
      );
      if (row % BREATH === BREATH - 1) await input.pause();
    }
    return rows.layout;
  },
} satisfies Format;
