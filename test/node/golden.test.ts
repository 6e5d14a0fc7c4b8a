// Today's bytes are yesterday's bytes: the golden suite against what is on record. After a change of bytes that is meant,
// `npm run test:runtimes -- --record` renews the record, and CHANGELOG.md says so under "numerics".
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readFileSync } from 'node:fs';
import { stages } from '../golden/golden.ts';

const test = suite('golden');

test('every stage on record gives the bytes on record', async () => {
  const recorded = JSON.parse(readFileSync('test/golden/recorded.json', 'utf8')) as Record<string, string>;
  const now: Record<string, string> = {};
  for await (const { stage, digest } of stages()) {
    assert.ok(!(stage in now), `two stages are called ${stage}`);
    now[stage] = digest;
    if (stage in recorded) assert.is(digest, recorded[stage], `${stage} is the first stage whose bytes changed`);
  }
  assert.equal(Object.keys(recorded).filter((stage) => !(stage in now)), [], 'stages on record that are gone');
  assert.ok(Object.keys(recorded).length > 0);
});

test.run();
