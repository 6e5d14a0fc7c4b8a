// lethe certify: bounds the distance of a model to every retrain on the retain set, without one.

import { wholeRetain } from '../../forget/whole-data.ts';
import { certify as certifyModel } from '../../judge/certify.ts';
import type { Command } from '../command.ts';
import { DATA_FLAGS, openData } from '../data.ts';
import { readModel } from '../files.ts';
import { REQUEST_FLAGS, requestOf } from '../request.ts';
import { table } from '../terminal.ts';

export const certify: Command = {
  name: 'certify',
  summary: "Bound a model's distance to every retrain on the retain set, without retraining (als).",
  usage: 'MODEL DATA|STORE [--users A,B …] [--within 1e-4]',
  operands: [1, 2],
  flags: [
    ...REQUEST_FLAGS,
    {
      name: 'within',
      takes: 'X',
      default: '1e-4',
      doc: 'The largest bound, relative to the norm of all scores, that is called a certificate.',
    },
    { name: 'tolerance', takes: 'X', default: '1e-4', doc: 'A row further off its equations than this makes the model approximate.' },
    ...DATA_FLAGS,
  ],
  notes:
    'Everything is computed from the factors, the options and the data; what the model says of itself is not ' +
    'used. docs/certificate.md derives the bound.',
  async run(context) {
    const { args, terminal, signal } = context;
    const [modelPath, dataPath] = args.operands;
    const bounds = { above: 0, max: 1 };
    const options = {
      within: args.number('within', bounds),
      tolerance: args.number('tolerance', bounds),
      signal,
      threads: args.threads,
      onProgress: terminal.progress,
    };
    const request = await requestOf(args);
    const model = await readModel(modelPath);
    // Of a request, the model may be the original too: what it is certified against is what should remain, by id, since a
    // model that was trained from retained data has the same ids at other positions.
    // How the data are read is not taken from the model either: a rule about likes leaves rows out.
    const data = dataPath === undefined ? await openData(context, undefined, model) : await openData(context, dataPath);
    const retain = wholeRetain(model, data, request, { ignoreUnknown: args.on('ignore-unknown') });
    const certificate = await certifyModel(model, retain, { ...options, ignoreFingerprint: true });
    const { statement, ...figures } = certificate;
    terminal.result({ ...certificate }, `${statement}\n\n${table(['figure', 'value'], Object.entries(figures))}`);
  },
};
