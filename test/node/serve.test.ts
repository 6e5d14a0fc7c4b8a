// lethe/serve as it is packed: with a module of kernels of its own, which gives the numbers of the whole one, and in how few bytes.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MODELS, type Model, recommend, recommendFor, serialize, similarItems } from '../../src/index.ts';
import { clustered, modelKinds, smallOptions } from '../fixtures.ts';

const test = suite('lethe/serve, packed');
const form = (name: string): Promise<any> => import(pathToFileURL(`dist/${name}/serve.js`).href);
const exportsOf = (file: string): string[] =>
  WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(file))).map(({ name, kind }) => `${kind} ${name}`);

test('its kernels are some of the whole, by the same names', () => {
  const whole = new Set(exportsOf('build/kernels.wasm'));
  const own = exportsOf('build/kernels.serve.wasm');
  assert.equal(
    own.filter((name) => !whole.has(name)),
    [],
  );
  assert.ok(own.length > 10 && own.length < whole.size / 3);
});

test('every kind of model can be served', async () => {
  const served = Object.values(await form('web')) as { name?: string; restore?: unknown }[];
  assert.equal(
    served
      .filter((kind) => kind?.restore)
      .map(({ name }) => name)
      .sort(),
    Object.keys(MODELS).sort(),
  );
});

for (const name of ['web', 'node']) {
  test(`dist/${name}: lists, neighbours and lists for newcomers have the bits that the whole kernels give`, async () => {
    const serve = await form(name);
    assert.not(readFileSync(`dist/${name}/serve.js`, 'utf8').includes('als_sweep_cg'), 'other kernels');
    const kinds = Object.values(serve).filter((kind: any) => kind?.restore);
    const data = clustered();
    const users = [...data.users];
    const asked = [...data.items].slice(0, 4);
    for (const kind of modelKinds) {
      const model: Model = await kind.fit(data, smallOptions(kind.name));
      const served = await serve.openModel(await serialize(model), { kinds });
      const all = (m: Model, by: any) => [
        by.recommend(m, users, { k: 6, data }),
        asked.map((item) => by.similarItems(m, item, { k: 4 })),
        by.recommendFor(m, [asked, asked.slice(1)], { k: 4 }),
      ];
      assert.equal(all(served, serve), all(model, { recommend, recommendFor, similarItems }), kind.name);
    }
  });
}

const EVERYTHING = 'openModel, als, bpr, ease, itemKnn, popularity, recommend, recommendFor, similarItems, similarUsers';
const MOST = 20 * 1024;

test('all of it takes 20 KB, minified and gzipped, with its kernels', async () => {
  const { sizeOf } = await import(pathToFileURL('scripts/sizes.mjs').href);
  assert.ok((await sizeOf(EVERYTHING, `${process.cwd()}/dist/web/serve.js`)) <= MOST);
  assert.ok((await sizeOf('deserialize, recommend, recommendFor, similarItems')) > MOST, 'the whole library does not');
});

test.run();
