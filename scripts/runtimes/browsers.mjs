// Browsers as runtimes: a small server hands out the linked modules, a page or a module worker runs them and leaves
// the result in a global that the driver waits for.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { ENTRY } from './link.mjs';
import { load } from './tools.mjs';

/** A page that takes longer than this hangs; a busy machine makes all of it slow. */
const LIMIT = 20 * 60_000;
const TYPES = {
  js: 'text/javascript',
  mjs: 'text/javascript',
  html: 'text/html',
  wasm: 'application/wasm',
  css: 'text/css',
  csv: 'text/csv',
};

/** Serves path → text or bytes on a free port of this machine. @returns { url, close }. */
export async function serve(contents, headers = {}) {
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname.slice(1) || 'index.html';
    const body = contents.get(path);
    if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': TYPES[path.split('.').at(-1)] ?? 'application/octet-stream', ...headers }).end(body);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

// The page runs the suite on its own thread, or starts a module worker that does and reports back.
const page = (inWorker) => `<!doctype html><meta charset="utf-8"><title>tests</title><script type="module">
${
  inWorker
    ? `const worker = new Worker('/worker.mjs', { type: 'module' });
worker.onmessage = ({ data }) => { globalThis.letheResult = data; };
worker.onerror = (event) => { globalThis.letheResult = JSON.stringify({ error: String(event.message) }); };`
    : `try {
  const { run } = await import('/${ENTRY}');
  globalThis.letheResult = JSON.stringify(await run());
} catch (error) { globalThis.letheResult = JSON.stringify({ error: String(error?.stack ?? error) }); }`
}
</script>`;
const worker = `import { run } from '/${ENTRY}';
run().then(
  (result) => postMessage(JSON.stringify(result)),
  (error) => postMessage(JSON.stringify({ error: String(error?.stack ?? error) })),
);`;

async function withPage({ modules, data = new Map() }, inWorker, open) {
  const server = await serve(
    new Map([...modules, ...data, ['index.html', page(inWorker)], ['worker.mjs', worker]]),
    inWorker ? { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' } : {},
  );
  try {
    const { version, text } = await open(server.url);
    const result = JSON.parse(text);
    if (result.error) throw new Error(result.error);
    return { version: version.match(/\d+(\.\d+)+/)?.[0] ?? version, result };
  } finally {
    server.close();
  }
}

const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts a browser by its name: `chrome` or `firefox`. */
export async function launch(browser) {
  const puppeteer = (await load('browsers', 'puppeteer-core')).default;
  return browser === 'chrome'
    ? puppeteer.launch({ browser, executablePath: chromium.debian.files[0], headless: true, args: CHROMIUM_FLAGS, protocolTimeout: LIMIT })
    : puppeteer.launch({ browser, executablePath: firefox.debian.files[0], headless: true, protocolTimeout: LIMIT });
}

function puppeteered(name, browserName, debian) {
  return {
    name,
    required: true,
    tools: ['browsers'],
    debian,
    inWorker: false,
    run(work) {
      return withPage(work, this.inWorker, async (url) => {
        const browser = await launch(browserName);
        try {
          const tab = await browser.newPage();
          await tab.goto(url);
          const handle = await tab.waitForFunction('globalThis.letheResult', { timeout: LIMIT, polling: 250 });
          return { version: await browser.version(), text: await handle.jsonValue() };
        } finally {
          await browser.close();
        }
      });
    },
  };
}

export const chromium = puppeteered('Chromium', 'chrome', { packages: ['chromium'], files: ['/usr/bin/chromium'] });
export const firefox = puppeteered('Firefox', 'firefox', { packages: ['firefox-esr'], files: ['/usr/bin/firefox-esr'] });

const DRIVER_PORT = 45117;
const MINI_BROWSER = '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser';

/** WebKitGTK speaks the W3C WebDriver protocol only: plain HTTP. */
export const webkit = {
  name: 'WebKitGTK',
  required: false,
  debian: { packages: ['webkit2gtk-driver', 'xvfb', 'xauth'], files: ['/usr/bin/WebKitWebDriver', '/usr/bin/xvfb-run', MINI_BROWSER] },
  run(work) {
    return withPage(work, false, async (url) => {
      const driver = spawn('xvfb-run', ['-a', 'WebKitWebDriver', `--port=${DRIVER_PORT}`, '--host=127.0.0.1'], {
        stdio: 'ignore',
        detached: true,
        env: { ...process.env, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' },
      });
      const ask = async (method, path, body) => {
        const response = await fetch(`http://127.0.0.1:${DRIVER_PORT}${path}`, { method, body: body && JSON.stringify(body) });
        const { value } = await response.json();
        if (!response.ok) throw new Error(`WebKit: ${JSON.stringify(value)}`);
        return value;
      };
      try {
        for (let tries = 0; ; tries++) {
          try {
            await ask('GET', '/status');
            break;
          } catch (error) {
            if (tries > 40) throw error;
            await new Promise((done) => setTimeout(done, 250));
          }
        }
        const session = await ask('POST', '/session', {
          capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { binary: MINI_BROWSER, args: ['--automation'] } } },
        });
        const at = `/session/${session.sessionId}`;
        await ask('POST', `${at}/url`, { url });
        const start = Date.now();
        for (;;) {
          const text = await ask('POST', `${at}/execute/sync`, { script: 'return globalThis.letheResult ?? null', args: [] });
          if (text) {
            await ask('DELETE', at);
            return { version: session.capabilities.browserVersion, text };
          }
          if (Date.now() - start > LIMIT) throw new Error('WebKit: no result in time');
          await new Promise((done) => setTimeout(done, 500));
        }
      } finally {
        process.kill(-driver.pid); // the group: xvfb-run, its server, the driver
      }
    });
  },
};
