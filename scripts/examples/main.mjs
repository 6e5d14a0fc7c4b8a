// Runs the examples as their users would, each in its real host. Ends with `N passed, N failed`.
import { finish } from '../runtimes/checks.mjs';
import { install } from '../runtimes/tools.mjs';
import { edgeWorker } from './edge-worker.mjs';

const missing = install(['workerd', 'browsers', 'node-24']);
if (missing.length > 0) finish(missing);
await edgeWorker();
finish();
