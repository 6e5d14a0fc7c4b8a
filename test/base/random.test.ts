import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { keyOf, pairKey, philox, uniform } from '../../src/base/random.ts';

const test = suite('keyed draws');

test('the words of a draw are its own: no later draw changes them', () => {
  const first = philox(1, 2, 3, 4, 5, 6);
  const kept = [...first];
  const second = philox(6, 5, 4, 3, 2, 1);
  uniform(1, 2, pairKey(keyOf('u'), keyOf('i')));
  assert.equal([...first], kept);
  assert.not.equal([...second], kept);
  assert.equal([...philox(1, 2, 3, 4, 5, 6)], kept, 'and the same draw gives the same words, whatever was drawn before');
});

test('words are whole numbers of 32 bits without a sign, as the published generator gives them', () => {
  assert.equal([...philox(0, 0, 0, 0, 0, 0)], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  assert.equal([...philox(-1, -1, -1, -1, -1, -1)], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
});

test.run();
