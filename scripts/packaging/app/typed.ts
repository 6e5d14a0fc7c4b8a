// Compiled by the consumer, with declarations checked and no library but the language's own: the public types hold together
// without any of our settings.
import { type AlsModel, DatasetBuilder, type EaseModel, type ForgetReport, forget, type GradientModel, gold, loadKernels } from 'lethe';
import { als } from 'lethe/als';
import { bpr } from 'lethe/bpr';
import { converge } from 'lethe/converge';
import { downdate } from 'lethe/downdate';
import { ease } from 'lethe/ease';
import { fastKernels } from 'lethe/fast';
import kernels from 'lethe/kernels.wasm';
import { mmrecun } from 'lethe/mmrecun';
import { retrain } from 'lethe/retrain';
import { unlearnAls } from 'lethe/unlearn-als';

export async function typed(): Promise<ForgetReport> {
  await loadKernels(kernels);
  await loadKernels(fastKernels);
  const builder = new DatasetBuilder();
  builder.add('ann', 'tea', 5);
  const data = builder.build();

  // Options: named tolerances, undefined for the default; what is misspelt or no value of theirs is an error of types too.
  const model: AlsModel = await als.fit(data, { factors: 8, tolerance: 'tight', seed: undefined });
  // @ts-expect-error
  await als.fit(data, { factor: 8 });
  // @ts-expect-error
  await als.fit(data, { tolerance: 'tighter' });
  // @ts-expect-error
  await bpr.fit(data, { iterations: 8 });
  const sweeps: number | undefined = model.record.iterations;

  // Forgetting gives back the kind of model that it was given, and a report with the method's own figures.
  const request = { users: ['ann'] };
  const converged = await forget(model, data, request, { method: converge, options: { tolerance: 'limit' } });
  const residual: number = converged.report.residual;
  const same: AlsModel = converged.model;
  // @ts-expect-error
  await forget(model, data, request, { method: converge, options: { passes: 3 } });
  const retrained: EaseModel = (await forget(await ease.fit(data), data, request, { method: retrain })).model;
  const rank: number | undefined = (await forget(retrained, data, request, { method: downdate })).report.rank;
  const gradient: GradientModel = await bpr.fit(data, { factors: 8 });
  const { report: stepped, model: after } = await forget(gradient, data, request, { method: mmrecun });
  const epochs: number = stepped.epochs;
  const again: GradientModel = await gold(after, converged.partition);
  const { report } = await forget(same, data, request, { method: unlearnAls });
  const way: 'change' | 'passes' | 'local' | 'retrain' = report.way;
  // @ts-expect-error
  report.epochs.toFixed();
  return [residual, sweeps, rank, epochs, way, again].length > 0 ? report : stepped;
}
