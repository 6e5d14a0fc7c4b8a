// SHA-256 and HMAC without waiting: against WebCrypto and the vectors of their standards.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hex } from '../../src/base/sha256.ts';
import { hmacAtOnce, sha256AtOnce } from '../../src/base/sha256-at-once.ts';

const test = suite('sha256');
const text = (words: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(words));

test('the vectors of FIPS 180-4 and RFC 4231', () => {
  assert.is(hex(sha256AtOnce(text(''))), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.is(hex(sha256AtOnce(text('abc'))), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.is(
    hex(hmacAtOnce(text('Jefe'), text('what do ya want for nothing?'))),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
});

test('every length around the blocks is what WebCrypto gives; another byte is another digest', async () => {
  for (const length of [1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 1000]) {
    const bytes = Uint8Array.from({ length }, (_, n) => (n * 37) % 256);
    assert.is(hex(sha256AtOnce(bytes)), hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))), `${length} bytes`);
    const changed = bytes.slice();
    changed[length - 1] ^= 1;
    assert.is.not(hex(sha256AtOnce(changed)), hex(sha256AtOnce(bytes)));
  }
});

test('HMAC is what WebCrypto gives, for keys longer than a block too', async () => {
  for (const length of [16, 64, 65, 200]) {
    const raw = new Uint8Array(length).fill(7);
    const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    assert.is(hex(hmacAtOnce(raw, text('a row'))), hex(new Uint8Array(await crypto.subtle.sign('HMAC', key, text('a row')))));
  }
});

test.run();
