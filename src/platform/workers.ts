// Starting a worker thread on whatever host this is. A host that has none, or does not allow one, makes this throw.
import type { Invitation } from '../dealing.ts';

/** Ends a worker; it is gone when the promise is fulfilled. */
export type EndWorker = () => Promise<void>;

interface Host {
  readonly crossOriginIsolated?: boolean;
  readonly Deno?: { readonly permissions: { query(wanted: { name: 'read'; path: URL }): Promise<{ state: string }> } };
}

/** Starts a worker. @returns how to end it, once it is ready. @throws when it cannot be started. */
export async function startWorker(invitation: Invitation): Promise<EndWorker> {
  if (typeof Worker === 'undefined') return (await import('./node-workers.ts')).startNodeWorker(invitation);
  const { crossOriginIsolated, Deno } = globalThis as Host;
  if (crossOriginIsolated === false && typeof location !== 'undefined' && !Deno) throw new TypeError('the page is not cross-origin isolated');
  // Deno would ask the user at the terminal.
  if (Deno && (await Deno.permissions.query({ name: 'read', path: new URL('./worker.js', import.meta.url) })).state !== 'granted') {
    throw new TypeError('reading the worker script is not permitted');
  }
  // Bundlers look for exactly this form.
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  try {
    await new Promise<void>((ready, fail) => {
      worker.onmessage = () => ready();
      worker.onerror = (event) => {
        event.preventDefault?.();
        fail(new Error(event.message || 'the worker script cannot be loaded'));
      };
      worker.onmessageerror = () => fail(new Error('the worker cannot be given shared memory'));
      worker.postMessage(invitation);
    });
  } catch (error) {
    worker.terminate();
    throw error;
  }
  return async () => worker.terminate();
}
