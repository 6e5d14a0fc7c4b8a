// lethe import: a model from factors that were trained elsewhere.

import { splitDataset } from '../../data/split.ts';
import { importFactors } from '../../files/factors.ts';
import { digest } from '../../model/digest.ts';
import { MODELS } from '../../models/index.ts';
import type { Command, Peek } from '../command.ts';
import { DATA_FLAGS, openData } from '../data.ts';
import { readBytes, requireWritable, saveModel } from '../files.ts';
import { asUsage } from '../flags.ts';
import { linesIn } from '../lists.ts';
import { fields } from '../terminal.ts';
import { modelKind, modelOptions } from './train.ts';

const DEFAULT_MODEL = 'als';
const withDefault =
  (peek: Peek): Peek =>
  (name) =>
    peek(name) ?? (name === 'model' ? DEFAULT_MODEL : undefined);

export const importCommand: Command = {
  name: 'import',
  summary: 'Make a model of factors in a .npz, so that it can be made to forget.',
  usage: 'FILE --ids DATA --out MODEL [options of the model]',
  operands: [1, 1],
  flags: [
    { name: 'ids', takes: 'DATA', required: true, doc: 'The interactions that the factors were trained on: their ids name the rows.' },
    { name: 'out', takes: 'MODEL', required: true, doc: 'The file to write.' },
    {
      name: 'model',
      takes: 'NAME',
      default: DEFAULT_MODEL,
      doc: `The kind of model: ${Object.values(MODELS)
        .filter((kind) => (kind.capabilities as readonly string[]).includes('factors'))
        .map(({ name }) => name)
        .join(', ')}.`,
    },
    { name: 'user-ids', takes: 'FILE', doc: 'User ids by row, one per line.' },
    { name: 'item-ids', takes: 'FILE', doc: 'Item ids by row, one per line.' },
    {
      name: 'split',
      takes: 'RULE',
      doc: 'The split whose train part the factors were trained on; default: given where DATA brings one, else all.',
    },
    ...DATA_FLAGS,
  ],
  options: (peek) => modelOptions(withDefault(peek)),
  notes:
    'Without lists of ids, row r belongs to the r-th id in canonical order (whole numbers by value, then all others by code units); ' +
    'where there are more rows than ids and all ids are whole numbers below the number of rows, to the id r. ' +
    'The options say which objective trained the factors: forgetting follows it.',
  async run(context) {
    const { args, terminal } = context;
    const [path] = args.operands;
    const ids = args.required('ids');
    const out = args.required('out');
    const kind = modelKind(args.text('model') ?? DEFAULT_MODEL);
    await requireWritable('--out', out);
    const listed = async (flag: string): Promise<string[] | undefined> => (args.has(flag) ? linesIn(args.required(flag)) : undefined);
    const users = await listed('user-ids');
    const items = await listed('item-ids');
    const bytes = await readBytes(path);
    const data = await openData(context, ids);
    const { train } = asUsage(() => splitDataset(data, args.text('split') ?? (data.parts ? 'given' : 'all'), args.seed));
    const model = await importFactors(kind, bytes, train, { options: args.options(), users, items, source: path });
    await saveModel(out, model);
    const result = {
      model: kind.name,
      users: model.users.live,
      items: model.items.live,
      factors: model.options.factors,
      options: model.options,
      digest: await digest(model),
      out,
    };
    terminal.result(
      result,
      fields([
        ['model', kind.name],
        ['users', result.users],
        ['items', result.items],
        ['factors', result.factors],
        ['digest', result.digest],
        ['saved', out],
      ]),
    );
  },
};
