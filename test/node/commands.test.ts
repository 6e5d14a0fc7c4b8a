// What every command of the command line must do. A new registry entry is covered without a line added here.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { Workplace } from './cli-process.ts';

const test = suite('commands');
const place = new Workplace();
test.after(() => place.remove());

for (const [key, command] of Object.entries(COMMANDS)) {
  test(`${key}: has its own name, a line that says what it does, and help that names every flag`, () => {
    assert.is(command.name, key);
    assert.match(command.summary, /^[A-Z].{10,90}\.$/);
    const { status, stdout, stderr } = place.run(key, '--help');
    assert.is(status, 0, stderr);
    assert.match(stdout, `usage: lethe ${key} `);
    for (const { name } of command.flags) assert.match(stdout, `--${name}`);
  });

  test(`${key}: an unknown flag and an operand too many are wrong usage, said in one line, and leave no file`, () => {
    const most = command.operands[1];
    const tooMany = Number.isFinite(most) ? [Array.from({ length: most + 1 }, (_, n) => `none-${n}`)] : [];
    for (const wrong of [['--no-such-flag', '1'], ...tooMany]) {
      const { status, stdout, stderr } = place.run(key, ...wrong);
      assert.is(status, 2, `${wrong.join(' ')}: ${stderr}`);
      assert.is(stdout, '');
      assert.match(stderr, /^lethe: [^\n]+\n$/);
    }
    assert.equal(place.files, []);
  });
}

test.run();
