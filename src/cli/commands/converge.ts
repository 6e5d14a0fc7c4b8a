// lethe converge: works off what a store has pending.
import type { Command } from '../command.ts';
import { requireStore, WAIT_FLAG, withStore } from '../store.ts';
import { fields, secondsText } from '../terminal.ts';

export const converge: Command = {
  name: 'converge',
  summary: 'Work off what a store has pending: forgettings, then stages to the optimum.',
  usage: 'STORE [--stage b|c] [--retrain]',
  operands: [1, 1],
  flags: [
    { name: 'stage', takes: 'b|c', default: 'c', doc: 'Where als ends: b a few iterations, c the optimum.' },
    { name: 'retrain', doc: 'Afterwards train anew on the data as they are.' },
    WAIT_FLAG,
  ],
  async run({ args, terminal, signal }) {
    requireStore(args.operands[0]);
    const stage = args.oneOf('stage', ['b', 'c'] as const) ?? 'c';
    const control = { signal, onProgress: terminal.progress, threads: args.threads };
    const started = performance.now();
    const result = await withStore(args, async (store) => {
      const done = await store.converge({ ...control, stage });
      if (args.on('retrain')) done.push(await store.retrain(control));
      const steps = done.map(({ event, report }) => ({
        event: event.number,
        kind: event.kind,
        ...(event.stage && { stage: event.stage }),
        ...(event.counts && { counts: event.counts }),
        ...(report.converged !== undefined && { converged: report.converged }),
        ...(report.residual !== undefined && { residual: report.residual }),
      }));
      return { event: store.event, digest: store.digest, steps };
    });
    const seconds = (performance.now() - started) / 1000;
    terminal.result(
      { ...result, seconds },
      fields([
        ['event', result.event],
        ['done', result.steps.map(({ kind, stage: own }) => `${kind}${own ? ` ${own}` : ''}`).join(', ') || 'nothing was pending'],
        ['time', secondsText(seconds)],
        ['digest', result.digest],
      ]),
    );
  },
};
