// lethe export: a model's factors as a .npz.
import { exportFactors } from '../../files/factors.ts';
import type { Command } from '../command.ts';
import { readModel, requireWritable, writeWhole } from '../files.ts';
import { fields } from '../terminal.ts';

export const exportCommand: Command = {
  name: 'export',
  summary: "Write a model's factors as a .npz, in the layout of the Python library implicit.",
  usage: 'MODEL --npz FILE',
  operands: [1, 1],
  flags: [
    {
      name: 'npz',
      takes: 'FILE',
      required: true,
      doc: 'The file to write: user_factors and item_factors, a row for each id in canonical order.',
    },
  ],
  async run({ args, terminal }) {
    const [path] = args.operands;
    const out = args.required('npz');
    await requireWritable('--npz', out);
    const { bytes, ...result } = exportFactors(await readModel(path));
    await writeWhole(new Map([[out, bytes]]));
    terminal.result({ ...result, out }, fields([...Object.entries(result), ['saved', out]]));
  },
};
