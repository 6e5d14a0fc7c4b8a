// Runs the examples as their users would, each in its real host. Ends with `N passed, N failed`.
// Usage: node scripts/examples/main.mjs [--install] [--only edge|browser] [--screenshots FOLDER]
import { parseArgs } from 'node:util';
import { chromium, firefox } from '../runtimes/browsers.mjs';
import { finish } from '../runtimes/checks.mjs';
import { debianThere } from '../runtimes/hosts.mjs';
import { install, installDebian } from '../runtimes/tools.mjs';
import { browserPage } from './browser.mjs';
import { edgeWorker } from './edge-worker.mjs';

const { values } = parseArgs({ options: { install: { type: 'boolean' }, only: { type: 'string' }, screenshots: { type: 'string' } } });
const missing = install(['workerd', 'browsers', 'node-24']);
for (const browser of [chromium, firefox]) {
  if (!debianThere(browser) && !(values.install && installDebian(browser.debian.packages))) missing.push(browser.name);
}
if (missing.length > 0) finish(missing);

if (values.only !== 'browser') await edgeWorker();
if (values.only !== 'edge') await browserPage(values.screenshots);
finish();
