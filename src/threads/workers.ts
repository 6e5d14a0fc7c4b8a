// Starting a worker thread on whatever host this is. A host that has none, or does not allow one, makes this throw.
import type { Invitation } from './board.ts';

export interface ReadyWorker {
  /** Lets it work: it blocks its thread and waits for jobs, until the library sends it away. */
  attend(): void;
  /** Ends it; it is gone when the promise is fulfilled. */
  end(): Promise<void>;
}

interface Host {
  readonly crossOriginIsolated?: boolean;
  readonly Deno?: { readonly permissions: { query(wanted: { name: 'read'; path: URL }): Promise<{ state: string }> } };
}

/** Starts a worker. @param signal gives up starting. @returns it once it is ready. @throws when it cannot be started. */
export async function startWorker(invitation: Invitation, signal: AbortSignal): Promise<ReadyWorker> {
  if (typeof Worker === 'undefined') return (await import('./node-workers.ts')).startNodeWorker(invitation, signal);
  const { crossOriginIsolated, Deno } = globalThis as Host;
  if (crossOriginIsolated === false && typeof location !== 'undefined' && !Deno)
    throw new TypeError('the page is not cross-origin isolated');
  // Firefox 153 blocks for good in `new Worker` when a worker starts workers while others wait in Atomics.wait.
  if (typeof document === 'undefined' && typeof navigator !== 'undefined' && / Firefox\//.test(navigator.userAgent)) {
    throw new TypeError('workers of workers are not safe here');
  }
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
      signal.addEventListener('abort', () => fail(signal.reason));
      worker.postMessage(invitation);
    });
  } catch (error) {
    worker.terminate();
    throw error;
  }
  return { attend: () => worker.postMessage('attend'), end: async () => worker.terminate() };
}
