// Every driver that this host has keeps the contract; a driver that writes one change after the other is seen to break it.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { memoryStorage } from '../../src/store/index.ts';
import { DRIVER_RULES } from './driver-contract.ts';
import { DRIVERS } from './drivers.ts';

const test = suite('store drivers');

for (const [name, open] of Object.entries(DRIVERS)) {
  for (const [rule, check] of Object.entries(DRIVER_RULES)) {
    test(`${name}: ${rule}`, async () => {
      const storage = await open();
      await check(storage);
      await storage.close();
    });
  }
}

test('a driver that forgets removals, or hands out its own bytes, breaks the contract', async () => {
  const keeps = memoryStorage();
  const forgetful = {
    ...keeps,
    write: (changes: ReadonlyMap<string, Uint8Array | null>) => keeps.write(new Map([...changes].filter(([, bytes]) => bytes))),
  };
  await assert.not.throws(() => DRIVER_RULES['an empty block is a block'](forgetful));
  let broken = false;
  await DRIVER_RULES['what was written is read, replaced and removed'](forgetful).catch(() => (broken = true));
  assert.ok(broken);
});

test.run();
