// The page of examples/browser in Chromium and Firefox, opened from the disk, by keyboard and by file, as a user would.
// With --screenshots FOLDER it leaves pictures to look at: both browsers, light and dark, wide and narrow.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildPage } from '../../examples/browser/build.mjs';
import { launch } from '../runtimes/browsers.mjs';
import { check, same } from '../runtimes/checks.mjs';
import { root } from '../runtimes/tools.mjs';

const library = (path) => import(pathToFileURL(join(root, 'dist', 'src', path)).href);

/** A small file of ratings, and what Node computes from it for the steps that the test takes on the page. */
async function expectations(file) {
  const [{ readDataset, digest, forget, recommend }, { als }, { unlearnAls }] = await Promise.all(
    ['index.js', 'models/als.js', 'unlearn/unlearn-als.js'].map(library),
  );
  let text = 'userId,movieId,rating\n';
  for (let u = 0; u < 40; u++) for (let i = 0; i < 30; i++) if ((u * 7 + i * 3) % 5 < 2) text += `${u},${i},${1 + ((u + i) % 5)}\n`;
  writeFileSync(file, text);
  const data = await readDataset({ name: 'ratings.csv', chunks: text });
  const model = await als.fit(data, { factors: 16, iterations: 5 });
  const item = data.items.at(data.itemsOf(data.users.indexOf('3'))[0]);
  const done = await forget(model, data, { interactions: [['3', item]] }, { method: unlearnAls });
  return {
    digest: await digest(model),
    item,
    after: done.report.digestAfter,
    listAfter: recommend(done.model, '3', { k: 10, data: done.data }).map(({ item }) => item),
    list: recommend(model, '3', { k: 10, data }).map(({ item }) => item),
    interactions: data.interactions,
  };
}

const text = (tab, id) => tab.$eval(`#${id}`, (element) => element.textContent);
const until = (tab, id, pattern) =>
  tab.waitForFunction(
    (id, source) => new RegExp(source).test(document.getElementById(id).textContent),
    { timeout: 60_000, polling: 50 },
    id,
    pattern.source,
  );
async function type(tab, id, value) {
  await tab.focus(`#${id}`);
  await tab.$eval(`#${id}`, (element) => element.select());
  await tab.keyboard.type(String(value));
}

async function story(tab, url, file, expected) {
  await tab.goto(url);
  await (await tab.$('#file')).uploadFile(file);
  await until(tab, 'data-status', /40 users, 30 items/);
  await type(tab, 'factors', 16);
  await type(tab, 'iterations', 5);
  await tab.keyboard.press('Enter');
  await until(tab, 'train-status', /Digest [0-9a-f]{64}/);
  same((await text(tab, 'train-status')).match(/Digest (.*)/)[1], expected.digest);
  await until(tab, 'before-digest', /[0-9a-f]{64}/);
  await type(tab, 'user', 3);
  await tab.keyboard.press('Tab');
  await tab.waitForFunction(
    (first) => document.querySelector('#before li')?.textContent.startsWith(first),
    { timeout: 30_000 },
    `item ${expected.list[0]} `,
  );
  same(await tab.$$eval('#before li', (lines) => lines.map((line) => line.textContent.split(' ')[1])), expected.list);
  await tab.focus('#go');
  await tab.keyboard.press('Enter');
  await until(tab, 'after-digest', /[0-9a-f]{64}/);
  same(await text(tab, 'after-digest'), expected.after);
  same((await tab.$$('#after li')).length > 0, true);
  // The next questions are answered by the model that has forgotten.
  const offered = () => tab.$$eval('#item option', (options) => options.map(({ value }) => value));
  same((await offered()).includes(expected.item), true);
  await type(tab, 'user', 4);
  await tab.keyboard.press('Tab');
  await type(tab, 'user', 3);
  await tab.keyboard.press('Tab');
  await until(tab, 'before-digest', new RegExp(expected.after));
  same(await tab.$$eval('#before li', (lines) => lines.map((line) => line.textContent.split(' ')[1])), expected.listAfter);
  same((await offered()).includes(expected.item), false);
}

/** Every control has a name, statuses are announced, and Tab reaches all that is enabled. */
async function usable(tab) {
  const nameless = await tab.$$eval('input, select, button, progress', (elements) =>
    elements.filter((element) => !(element.labels?.[0] ?? element).textContent.trim()).map(({ id }) => id),
  );
  same(nameless, []);
  same(await tab.$$eval('p[id$="-status"]', (elements) => elements.every((element) => element.getAttribute('role') === 'status')), true);
  const wanted = await tab.$$eval('input:enabled, select:enabled, button:enabled', (elements) => elements.map(({ id }) => id));
  await tab.$eval('body', (body) => body.ownerDocument.activeElement.blur());
  const reached = new Set();
  for (let n = 0; n < wanted.length + 4; n++) {
    await tab.keyboard.press('Tab');
    reached.add(await tab.evaluate('document.activeElement.id'));
  }
  same(
    wanted.filter((id) => !reached.has(id)),
    [],
  );
}

/** On a narrow screen nothing is cut off or scrolls sideways, long digests included. */
async function narrow(tab) {
  await tab.setViewport({ width: 390, height: 800 });
  same(await tab.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'), true);
  await tab.setViewport({ width: 1100, height: 900 });
}

async function badFile(tab, url, file) {
  await tab.goto(url);
  writeFileSync(file, 'this is no table of ratings\nat all\n');
  await (await tab.$('#file')).uploadFile(file);
  await until(tab, 'data-status', /bad\.csv/);
  same(await tab.$eval('#data-status', (element) => element.classList.contains('wrong')), true);
  same(await tab.$eval('#start', (element) => element.disabled), true);
}

async function stopped(tab, url) {
  await tab.goto(url);
  await tab.click('#example');
  await until(tab, 'data-status', /600 users/);
  await type(tab, 'iterations', 1000);
  await tab.keyboard.press('Enter');
  await until(tab, 'progress-text', /of 1000/);
  await tab.click('#stop');
  await until(tab, 'train-status', /Stopped/);
  same(await tab.$eval('#go', (element) => element.disabled), true);
}

async function pictures(tab, url, name, folder) {
  mkdirSync(folder, { recursive: true });
  await tab.goto(url);
  await tab.click('#example');
  await until(tab, 'data-status', /600 users/);
  await tab.click('#start');
  await until(tab, 'before-digest', /[0-9a-f]{64}/);
  await tab.click('#go');
  await until(tab, 'after-digest', /[0-9a-f]{64}/);
  for (const scheme of ['light', 'dark']) {
    // Firefox's driver cannot set the preference, so the page is told.
    await tab.evaluate((scheme) => (document.documentElement.style.colorScheme = scheme), scheme);
    for (const width of [1100, 390]) {
      await tab.setViewport({ width, height: 900 });
      await tab.screenshot({ path: join(folder, `${name}-${scheme}-${width}.png`), fullPage: true });
    }
  }
}

export async function browserPage(screenshots) {
  const url = pathToFileURL(await buildPage()).href;
  const folder = join(root, 'build', 'runtimes', 'browser-page');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'ratings.csv');
  const expected = await expectations(file);
  for (const name of ['chrome', 'firefox']) {
    const browser = await launch(name);
    try {
      const tab = await browser.newPage();
      await check(`browser page in ${name}: load, train, choose, forget; Node's digests`, () => story(tab, url, file, expected));
      await check(`browser page in ${name}: usable by keyboard, every control named`, () => usable(tab));
      await check(`browser page in ${name}: fits a narrow screen`, () => narrow(tab));
      await check(`browser page in ${name}: a wrong file is refused in words`, () => badFile(tab, url, join(folder, 'bad.csv')));
      await check(`browser page in ${name}: stop`, () => stopped(tab, url));
      if (screenshots) await pictures(tab, url, name, screenshots);
    } finally {
      await browser.close();
    }
  }
}
