// Serves a model file from a thread of its own, by the small entry.
import { parentPort, workerData } from 'node:worker_threads';
import { als, openModel, recommend } from 'lethe/serve';

const model = await openModel(workerData.file, { kinds: [als] });
const lists = recommend(model, workerData.customers, { k: 3, onCold: 'empty' });
parentPort.postMessage(
  lists
    .flat()
    .map(({ item }) => item)
    .join('+'),
);
