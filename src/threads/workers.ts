// Starting a worker thread on whatever host this is. A host that has none, or does not allow one, makes this throw.
import { workerText } from '../../build/embedded-worker.ts';
import type { Invitation, ReadyWorker } from './board.ts';
import { workerFromFile } from './worker-file.ts';

interface Host {
  readonly crossOriginIsolated?: boolean;
  readonly Deno?: unknown;
}

/**
 * Starts a worker.
 * @param givenUp fails when starting is given up: one promise for all workers, since each listener of a signal would stay.
 * @returns it once it is ready.
 * @throws when it cannot be started.
 */
export async function startWorker(invitation: Invitation, givenUp: Promise<never>): Promise<ReadyWorker> {
  if (typeof Worker === 'undefined') return (await import('./node-workers.ts')).startNodeWorker(workerText, invitation, givenUp);
  const { crossOriginIsolated, Deno } = globalThis as Host;
  const page = typeof location !== 'undefined' && !Deno;
  if (crossOriginIsolated === false && page) throw new TypeError('the page is not cross-origin isolated');
  // Firefox 153 blocks for good in `new Worker` when a worker starts workers while others wait in Atomics.wait.
  if (typeof document === 'undefined' && typeof navigator !== 'undefined' && / Firefox\//.test(navigator.userAgent)) {
    throw new TypeError('workers of workers are not safe here');
  }
  if (page && workerFromFile) {
    try {
      return await ready(workerFromFile(), invitation, givenUp);
    } catch {
      // Bundlers that do not know workers leave the file behind; a page's policy may still allow the text.
      await Promise.race([givenUp, Promise.resolve()]);
    }
  }
  const address = URL.createObjectURL(new Blob([workerText], { type: 'text/javascript' }));
  try {
    return await ready(new Worker(address, { type: 'module' }), invitation, givenUp);
  } finally {
    URL.revokeObjectURL(address);
  }
}

async function ready(worker: Worker, invitation: Invitation, givenUp: Promise<never>): Promise<ReadyWorker> {
  try {
    const started = new Promise<void>((done, fail) => {
      worker.onmessage = () => done();
      worker.onerror = (event) => {
        event.preventDefault?.();
        fail(new Error(event.message || 'the worker script cannot be loaded'));
      };
      worker.onmessageerror = () => fail(new Error('the worker cannot be given shared memory'));
      worker.postMessage(invitation);
    });
    await Promise.race([started, givenUp]);
  } catch (error) {
    worker.terminate();
    throw error;
  }
  return { attend: () => worker.postMessage('attend'), end: async () => worker.terminate() };
}
