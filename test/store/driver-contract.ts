// What every driver must do: test/store/drivers.test.ts and test/node/ walk it over theirs.
import * as assert from 'uvu/assert';
import { LARGEST_BLOCK, type Storage } from '../../src/store/index.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** Name of a rule → how it is checked. */
export const DRIVER_RULES: Readonly<Record<string, (storage: Storage) => Promise<void>>> = {
  async 'what was written is read, replaced and removed'(storage) {
    assert.is(await storage.read('a'), undefined);
    await storage.write(new Map([['a', bytes(1, 2, 3)]]));
    assert.equal(await storage.read('a'), bytes(1, 2, 3));
    await storage.write(new Map([['a', bytes(4)]]));
    assert.equal(await storage.read('a'), bytes(4));
    await storage.write(new Map([['a', null]]));
    assert.is(await storage.read('a'), undefined);
  },
  async 'an empty block is a block'(storage) {
    await storage.write(new Map([['empty', bytes()]]));
    assert.equal(await storage.read('empty'), bytes());
  },
  async 'a view of larger bytes is written as what it shows, and what is read is the reader’s own'(storage) {
    const whole = bytes(9, 1, 2, 9);
    await storage.write(new Map([['view', whole.subarray(1, 3)]]));
    whole.fill(7);
    const read = (await storage.read('view'))!;
    assert.equal(read, bytes(1, 2));
    read.fill(0);
    assert.equal(await storage.read('view'), bytes(1, 2));
  },
  async 'keys are listed in order, by how they begin'(storage) {
    const keys = Array.from({ length: 40 }, (_, n) => `b/${String(n).padStart(3, '0')}`);
    await storage.write(new Map([...keys, 'a', 'c', 'b'].reverse().map((key) => [key, bytes(1)])));
    assert.equal(await storage.keys('b/'), keys);
    assert.equal(await storage.keys('b/01'), keys.slice(10, 20));
    assert.equal(await storage.keys('z'), []);
    assert.is((await storage.keys('')).length, 43);
  },
  async 'the largest block and hundreds of changes go in one write'(storage) {
    const large = new Uint8Array(LARGEST_BLOCK).map((_, n) => n * 7);
    const many = Array.from({ length: 300 }, (_, n): [string, Uint8Array] => [`many/${n}`, bytes(n & 255)]);
    await storage.write(new Map([['large', large], ...many]));
    assert.equal(await storage.read('large'), large);
    await storage.write(new Map<string, Uint8Array | null>([...many.map(([key]): [string, null] => [key, null]), ['large', bytes(1)]]));
    assert.equal(await storage.keys('many/'), []);
    assert.equal(await storage.read('large'), bytes(1));
  },
  async 'a write that fails has changed nothing'(storage) {
    await storage.write(new Map([['kept', bytes(1)]]));
    const broken = new Map<string, any>([
      ['kept', bytes(2)],
      ['new', bytes(3)],
      [
        'wrong',
        {
          get length(): never {
            throw new TypeError('no bytes');
          },
        },
      ],
    ]);
    let refused = false;
    await storage.write(broken).catch(() => (refused = true));
    // Some hosts take anything for a value; those that refuse must have done nothing.
    if (!refused) return;
    assert.equal(await storage.read('kept'), bytes(1));
    assert.is(await storage.read('new'), undefined);
  },
  async 'it says how much room it takes, and gives some back'(storage) {
    await storage.write(new Map([['big', new Uint8Array(LARGEST_BLOCK)]]));
    const full = await storage.bytes();
    assert.ok(full >= LARGEST_BLOCK);
    await storage.write(new Map([['big', null]]));
    await storage.compact();
    assert.ok((await storage.bytes()) < full);
  },
};
