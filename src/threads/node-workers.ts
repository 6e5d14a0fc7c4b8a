// Workers of Node, which has no global Worker.
import type { Invitation, ReadyWorker } from './board.ts';

/** What worker.ts expects of a worker's scope. The text is run as a script: it has `require`. */
const SCOPE = `const { parentPort } = require('node:worker_threads');
globalThis.postMessage = (message) => parentPort.postMessage(message);
globalThis.close = () => parentPort.close();
parentPort.on('message', (data) => globalThis.onmessage({ data }));
`;

/** Starts a worker. @param givenUp fails when starting is given up. @returns it once it is ready. @throws when it cannot be started. */
export async function startNodeWorker(text: string, invitation: Invitation, givenUp: Promise<never>): Promise<ReadyWorker> {
  const { Worker } = await import('node:worker_threads');
  // From the text, so that no bundler has to carry a file; the process's own flags may be none for a script, such as --input-type.
  const worker = new Worker(SCOPE + text, { eval: true, execArgv: [] });
  const end = async (): Promise<void> => {
    await worker.terminate();
  };
  try {
    const started = new Promise<void>((ready, fail) => {
      worker.once('message', () => ready());
      worker.once('error', fail);
      worker.once('exit', (code) => fail(new Error(`the worker ended with code ${code}`)));
      worker.postMessage(invitation);
    });
    await Promise.race([started, givenUp]);
  } catch (error) {
    await end();
    throw error;
  }
  // A process may end while its workers wait for work.
  worker.unref();
  return { attend: () => worker.postMessage('attend'), end };
}
