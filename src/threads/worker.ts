// The script of a worker in Deno, Bun and browsers: the library's kernels over the library's memory, and nothing else.
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
