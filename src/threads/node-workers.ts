// Workers of Node, which has no global Worker.
import type { Invitation } from './board.ts';
import type { ReadyWorker } from './workers.ts';

/** Starts a worker. @param signal gives up starting. @returns it once it is ready. @throws when it cannot be started. */
export async function startNodeWorker(invitation: Invitation, signal: AbortSignal): Promise<ReadyWorker> {
  const { Worker } = await import('node:worker_threads');
  // The process's own flags may be none for a file, such as --input-type.
  const worker = new Worker(new URL('./node-worker.js', import.meta.url), { workerData: invitation, execArgv: [] });
  const end = async (): Promise<void> => {
    await worker.terminate();
  };
  try {
    await new Promise<void>((ready, fail) => {
      worker.once('message', () => ready());
      worker.once('error', fail);
      worker.once('exit', (code) => fail(new Error(`the worker ended with code ${code}`)));
      signal.addEventListener('abort', () => fail(signal.reason));
    });
  } catch (error) {
    await end();
    throw error;
  }
  // A process may end while its workers wait for work.
  worker.unref();
  return { attend: () => worker.postMessage('attend'), end };
}
