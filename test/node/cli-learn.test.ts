// lethe learn on files: what it writes goes on as DATA of the next command, and what cannot be learned leaves nothing behind.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Workplace } from './cli-process.ts';

const test = suite('command line, learn');
const place = new Workplace();
test.after(() => place.remove());
place.json('generate', '--users', '80', '--items', '50', '--interactions', '900', '--out', 'data');
const FIT = ['--split', 'per-user:0.8,0.1,0.1'];
place.json('train', 'data', '--model', 'ease', ...FIT, '--out', 'm');
const before = place.json('inspect', 'm').digest;
place.write('more.inter', 'userID:token\titemID:token\nu1\tfresh\nnewbie\t1\nnewbie\tfresh\n');

test('what is learned is in the model and in the data beside it, and exact methods give the bytes of a fresh fit', () => {
  const learned = place.json('learn', 'm', 'data', 'more.inter', '--method', 'downdate', '--out', 'n', '--data-out', 'all.inter');
  assert.equal(learned.learned, { users: 2, items: 1, interactions: 3, changed: 0 });
  assert.is(learned.exactness, 'exact');
  assert.is(place.json('inspect', 'm').digest, before, 'the given model stays');
  assert.is(place.json('train', 'all.inter', '--model', 'ease', '--split', 'given', '--out', 'fresh').digest, learned.digestAfter);
  assert.is.not(learned.digestAfter, learned.digestBefore);
  assert.is(place.json('recommend', 'n', 'all.inter', '--user', 'newbie', '-k', '3').items.length, 3);
  assert.is(place.run('recommend', 'm', 'data', '--user', 'newbie').status, 1, 'the control: the model before does not know them');
  const again = place.json('forget', 'n', 'all.inter', '--method', 'downdate', '--users', 'newbie', '--items', 'fresh', '--out', 'back');
  assert.is(again.forgotten.users, 1);
});

test('what cannot be learned is one line that names it, and no file is written', () => {
  const refused = (status: number, message: RegExp, ...args: string[]): void => {
    const { status: found, stderr } = place.run('learn', ...args, '--out', 'never', '--data-out', 'never.inter');
    assert.is(found, status, stderr);
    assert.match(stderr, message);
    assert.not(existsSync(join(place.folder, 'never')) || existsSync(join(place.folder, 'never.inter')));
  };
  place.write('bad.csv', 'user,item,value\na,b,-3\n');
  refused(1, /interactions\[0\] \(user "a", item "b"\) expected a number above 0, got -3/, 'm', 'data', 'bad.csv', '--method', 'downdate');
  refused(1, /learns by downdate, or by retrain/, 'm', 'data', 'more.inter', '--method', 'converge');
  refused(2, /--method expected one of .*replay/, 'm', 'data', 'more.inter', '--method', 'mmrecun');
  refused(1, /cannot be opened/, 'm', 'data', 'none.csv', '--method', 'downdate');
  refused(2, /expected|operand/, 'm', 'data', '--method', 'downdate');
});
test.run();
