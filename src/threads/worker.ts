// The script of a worker: the library's kernels over the library's memory, and nothing else. It is a file of its own for
// pages, and a text inside the library for all other hosts (embedded-worker.ts); Node's workers get a Worker's manners first.
import { accept, type Invitation } from './board.ts';

interface WorkerScope {
  onmessage: ((event: { data: Invitation }) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = ({ data }) => {
  const attend = accept(data);
  // Not before all workers are there: a thread that blocks can be in the way of another that starts.
  scope.onmessage = () => {
    attend();
    scope.close();
  };
  scope.postMessage('ready');
};
