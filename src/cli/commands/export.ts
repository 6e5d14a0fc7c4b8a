// lethe export: a model's parameters with their ids, as a table, for an index of vectors, or as a .npz.
import { exportFactors } from '../../files/factors.ts';
import type { Command, Context } from '../command.ts';
import { exportStore } from '../export-store.ts';
import { exportedTable, INDEXES, PARTS, partOf, type VectorIndex, vectorFiles } from '../exports.ts';
import { readModel, requireWritable, writeWhole } from '../files.ts';
import { isStore } from '../store.ts';
import { tableContent, tableKind } from '../table-files.ts';
import { fields } from '../terminal.ts';
import { UsageError } from '../usage.ts';

export const exportCommand: Command = {
  name: 'export',
  summary: "Write a model's parameters: as a table with ids, for an index of vectors, or as a .npz.",
  usage: 'MODEL|STORE --npz FILE | --out FILE [--what users|items|weights|neighbors|counts] [--for usearch|pgvector|vectorize]',
  operands: [1, 1],
  flags: [
    {
      name: 'npz',
      takes: 'FILE',
      doc: 'user_factors and item_factors, a row for each id in canonical order, in the layout of the Python library implicit.',
    },
    {
      name: 'out',
      takes: 'FILE',
      doc:
        'A table whose name ends in .csv, .ndjson or .parquet; with --for, the file of an index. Of a STORE: a folder, for its model ' +
        'and data.',
    },
    { name: 'what', takes: PARTS.join('|'), doc: 'Which parameters; default items, or what the kind of model has.' },
    {
      name: 'for',
      takes: Object.keys(INDEXES).join('|'),
      doc: 'Factors in the form that an index of vectors reads (.fbin, .csv, .ndjson); the measure to ask it by is said.',
    },
  ],
  async run(context) {
    const { args, terminal } = context;
    const [path] = args.operands;
    if (args.has('npz') === args.has('out')) throw new UsageError('expected one of --npz, --out');
    if (
      args.has('out') &&
      isStore(path) &&
      !['what', 'for'].some((flag) => args.has(flag)) &&
      !/\.(csv|ndjson|parquet)$/i.test(args.required('out'))
    )
      return exportStore(context);
    if (args.has('out')) return table(context);
    if (args.has('what') || args.has('for')) throw new UsageError('--what and --for go with --out');
    const out = args.required('npz');
    await requireWritable('--npz', out);
    const { bytes, ...result } = exportFactors(await readModel(path));
    await writeWhole(new Map([[out, bytes]]));
    terminal.result({ ...result, out }, fields([...Object.entries(result), ['saved', out]]));
  },
};

async function table({ args, terminal }: Context): Promise<void> {
  const out = args.required('out');
  const index = args.oneOf('for', Object.keys(INDEXES) as VectorIndex[]);
  const asked = args.oneOf('what', PARTS);
  const kind = index === undefined ? tableKind('--out', out) : undefined;
  await requireWritable('--out', out);
  if (index === 'usearch') await requireWritable('--out', `${out}.ids`);
  const model = await readModel(args.operands[0]);
  const what = partOf(model, asked);
  if (index !== undefined) {
    const { files, dimensions, count } = vectorFiles(model, what, index, out);
    await writeWhole(files);
    const { metric, hint } = INDEXES[index];
    terminal.note(`scores are products of rows: ask by ${metric}; ${hint.replace('%d', String(dimensions))}`);
    const result = { what, rows: count, dimensions, for: index, metric, out, ...(index === 'usearch' && { ids: `${out}.ids` }) };
    terminal.result(result, fields(Object.entries(result)));
    return;
  }
  const { columns, rows, count } = exportedTable(model, what);
  await writeWhole(new Map([[out, await tableContent(kind!, columns, rows())]]));
  terminal.result({ what, rows: count, out }, fields(Object.entries({ what, rows: count, saved: out })));
}
