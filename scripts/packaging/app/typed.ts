// Compiled by the consumer, with declarations checked and no library but the language's own: the public types hold together
// without any of our settings.
import { DatasetBuilder, type ForgetReport, forget, loadKernels } from 'lethe';
import { als } from 'lethe/als';
import { fastKernels } from 'lethe/fast';
import kernels from 'lethe/kernels.wasm';
import { unlearnAls } from 'lethe/unlearn-als';

export async function typed(): Promise<ForgetReport> {
  await loadKernels(kernels);
  await loadKernels(fastKernels);
  const builder = new DatasetBuilder();
  builder.add('ann', 'tea', 5);
  const data = builder.build();
  const model = await als.fit(data, { factors: 8 });
  // @ts-expect-error a misspelt option is an error of types too
  await als.fit(data, { factor: 8 });
  const { report } = await forget(model, data, { users: ['ann'] }, { method: unlearnAls });
  return report;
}
