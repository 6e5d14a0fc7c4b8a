// What people look for around a package: where it lives, whom to ask, what changed, what it will not do.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('metadata');
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

/** Fields that name an owner that there is not yet. Whoever makes one real takes it from this list. */
const PLACEHOLDERS = ['repository', 'homepage', 'bugs', 'funding', 'author'];
const OWNER = /\bOWNER\b/;
const pretended = (fields: Record<string, unknown>): string[] =>
  Object.keys(fields).filter((name) => OWNER.test(JSON.stringify(fields[name])));

test('every field is there; those that stand in for real ones are named here', () => {
  for (const field of ['description', 'license', 'keywords', 'engines', ...PLACEHOLDERS]) assert.ok(manifest[field], field);
  assert.equal(pretended(manifest).sort(), [...PLACEHOLDERS].sort(), 'placeholders that are real by now leave the list above');
});

test('a placeholder that nobody names would be seen', () => {
  assert.equal(pretended({ ...manifest, homepage: 'https://example.org', bin: 'OWNER' }).includes('bin'), true);
  assert.equal(pretended({ homepage: 'https://example.org' }), []);
});

test('the address is one address', () => {
  const address = manifest.homepage.replace(/#.*/, '');
  assert.is(manifest.repository.url, `git+${address}.git`);
  assert.is(manifest.bugs.url, `${address}/issues`);
  assert.ok(readFileSync('.github/ISSUE_TEMPLATE/config.yml', 'utf8').includes(`${address}/security`));
});

/** Links of a page to files of the project that are not there. */
function broken(page: string, text = readFileSync(page, 'utf8')): string[] {
  return [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map(([, to]) => to)
    .filter((to) => !existsSync(join(dirname(page), to)));
}

test('links between the pages lead somewhere', () => {
  const docs = readdirSync('docs', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  for (const page of ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', ...docs.map((name) => join('docs', name))]) {
    assert.equal(broken(page), [], page);
  }
  assert.equal(broken('README.md', '[a](docs/nowhere.md) [b](docs/data.md#x) [c](https://example.org/no.md)'), ['docs/nowhere.md']);
});

test('README says how to install it in its first screen, and what it is not for', () => {
  const readme = readFileSync('README.md', 'utf8');
  const screen = readme.split('\n').slice(0, 40).join('\n');
  assert.match(screen, /npm install lethe/);
  assert.match(screen, /```js\n/);
  assert.match(readme, /^## Non-goals$/m);
});

test.run();
