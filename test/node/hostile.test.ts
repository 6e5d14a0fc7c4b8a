// The adversarial suite in small: its controls are found, every public function is attacked, and some rounds of each attack
// find nothing. The suite itself: npm run test:hostile.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as lethe from '../../src/index.ts';
import { EXEMPT, makeDoors } from '../hostile/attacks/doors.ts';
import { ATTACKS } from '../hostile/attacks/index.ts';
import { attackFrom } from '../hostile/watch.ts';
import { WEAK } from '../hostile/weak.ts';

const test = suite('hostile');

test('every function that is exported is attacked, or exempt for a reason; no exemption is stale', async () => {
  const attacked = (await makeDoors()).map(({ name }) => name.replace(/\..*/, ''));
  const open = Object.keys(lethe).filter((name) => !(name in EXEMPT) && !attacked.includes(name));
  assert.equal(open, []);
  assert.equal(
    Object.keys(EXEMPT).filter((name) => !(name in lethe)),
    [],
  );
});

for (const [fault, weak] of WEAK) {
  test(`the control: ${weak.name}, a ${fault}`, async () => {
    const { found } = await attackFrom(weak, 1, 0, 200, 1);
    assert.equal([...new Set(found.map((finding) => finding.fault))], [fault]);
  });
}

for (const attack of ATTACKS) {
  test(`300 rounds: ${attack.name}`, async () => {
    const { rounds, refused, found } = await attackFrom(attack, 1, 0, 300);
    assert.equal(found, []);
    assert.is(rounds, 300);
    assert.ok(refused > 20, `${refused} refused`);
  });
}

test.run();
