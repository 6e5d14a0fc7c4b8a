// The script of a worker in Node: see worker.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { accept, type Invitation } from './board.ts';

const attend = accept(workerData as Invitation);
parentPort!.once('message', attend);
parentPort!.postMessage('ready');
