// lethe inspect: what a model file says of itself.
import { digest } from '../../model/digest.ts';
import type { Command } from '../command.ts';
import { readModel, readModelInfo } from '../files.ts';
import { fields, kernelsLine, kernelsOf } from '../terminal.ts';

export const inspect: Command = {
  name: 'inspect',
  summary: 'What a model file says of itself.',
  usage: 'MODEL|STORE',
  operands: [1, 1],
  flags: [],
  async run({ args, terminal }) {
    const [path] = args.operands;
    const info = await readModelInfo(path);
    const model = await readModel(path);
    const result = {
      model: info.model,
      options: info.options,
      users: info.users,
      items: info.items,
      parameters: info.parameters,
      seed: info.options.seed ?? null,
      provenance: info.provenance,
      record: info.record,
      digest: await digest(model),
      ...kernelsOf(info),
      kernelsDigest: info.kernels,
      version: info.version,
      memoryBytes: model.memoryBytes,
    };
    terminal.result(
      result,
      fields([
        ['model', result.model],
        ...Object.entries(result.options).map(([name, value]) => [`  ${name}`, value] as const),
        ['users', result.users],
        ['items', result.items],
        ...result.parameters.map(({ name, rows, cols }) => [`  ${name}`, `${rows} x ${cols}`] as const),
        ['split', `${info.provenance.split.rule}, seed ${info.provenance.split.seed}`],
        ...Object.entries({ forgotten: info.provenance.split.forgotten, revoked: info.provenance.split.revoked })
          .filter(([, value]) => value)
          .map(([name, value]) => [`  ${name} since`, JSON.stringify(value)] as const),
        ...(info.provenance.reading ? [['data read', JSON.stringify(info.provenance.reading)] as const] : []),
        ['trained on', `fingerprint ${info.provenance.fingerprint}`],
        ...Object.entries(result.record).map(
          ([name, value]) => [`  ${name}`, typeof value === 'object' ? JSON.stringify(value) : value] as const,
        ),
        ['digest', result.digest],
        ['kernels', result.kernelsDigest],
        ...kernelsLine(info),
        ['version', result.version],
      ]),
    );
  },
};
