// Serves a model file from a thread of its own.
import { parentPort, workerData } from 'node:worker_threads';
import { deserialize, recommend } from 'lethe';

const model = await deserialize(workerData.file);
const lists = recommend(model, workerData.customers, { k: 3, onCold: 'empty' });
parentPort.postMessage(
  lists
    .flat()
    .map(({ item }) => item)
    .join('+'),
);
