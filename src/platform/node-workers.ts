// Workers of Node, which has no global Worker.
import type { Invitation } from '../dealing.ts';
import type { EndWorker } from './workers.ts';

/** Starts a worker. @returns how to end it, once it is ready. @throws when it cannot be started. */
export async function startNodeWorker(invitation: Invitation): Promise<EndWorker> {
  const { Worker } = await import('node:worker_threads');
  // The process's own flags may be none for a file, such as --input-type.
  const worker = new Worker(new URL('./node-worker.js', import.meta.url), { workerData: invitation, execArgv: [] });
  await new Promise<void>((ready, fail) => {
    worker.once('message', () => ready());
    worker.once('error', fail);
    worker.once('exit', (code) => fail(new Error(`the worker ended with code ${code}`)));
  });
  // A process may end while its workers wait for work.
  worker.unref();
  return async () => {
    await worker.terminate();
  };
}
