// Two hundred events, and the digest after each: the same wherever this test runs, so that a store on one runtime can follow
// one on another. The figures were recorded on Node; scripts/store/replicas.mjs holds runtimes side by side, event by event.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/base/host.ts';
import { hex, sha256 } from '../../src/base/sha256.ts';
import { als, ease, itemKnn, type ModelKind, popularity } from '../../src/index.ts';
import { type Action, memoryStorage } from '../../src/store/index.ts';
import { live, startOf } from './mixed-events.ts';

const test = suite('replicas');

/** Kind → events, and the SHA-256 of all digests in order. */
const RECORDED: readonly (readonly [kind: ModelKind, events: number, digests: string])[] = [
  [als as ModelKind, 200, 'f035e9ac4b0c614a20d8d53d3b0246e8a78b4303da788bc41c3b712bc5602969'],
  [ease as ModelKind, 40, '1359d50f9d2127cc56a978a95bb750f32d4715a92345ecef266519543460a948'],
  [itemKnn as ModelKind, 40, '5f5e2264a54b09e250fd5888920587e4236edfaa74e88256a74a8916c0f232b7'],
  [popularity as ModelKind, 40, '89bfc95468644d75d32a20604a70c982b6e78a3f6d75e1facc59318686d8b056'],
];

for (const [kind, events, recorded] of RECORDED) {
  test(`${kind.name}: ${events} events lead to the recorded digests`, async () => {
    const digests: string[] = [];
    const kinds = new Set<string>();
    await live(await startOf(kind), events, 11, ({ digest, kind: own }) => {
      digests.push(digest);
      kinds.add(own);
    });
    assert.ok(kinds.size >= 4, [...kinds].join(' '));
    assert.is(hex(await sha256(utf8(digests.join('\n')))), recorded);
  });
}

test('a replica that applies each event as it happens has the digest of the first after every one', async () => {
  const store = await startOf(als as ModelKind);
  const replica = await store.copyTo(memoryStorage());
  let followed = 0;
  // Promises are followed before they are carried out: `suppress` and `work` apart.
  const actions: Action[] = [];
  for (let n = 0; n < 24; n++) {
    if (n % 3 === 0) await store.suppress({ users: [`u${n}`] });
    else if (n % 3 === 1) await store.work();
    else await store.learn({ interactions: [{ user: `n${n}`, item: `i${n % 40}` }] });
    for await (const event of store.events(replica.event + 1)) {
      await replica.apply(event);
      actions.push(event);
      followed++;
      assert.is(replica.digest, store.digest);
    }
  }
  assert.is(followed, 24);
  // The same events in another order are another life: the check can fail.
  const other = await startOf(als as ModelKind);
  const [first, second] = actions.filter(({ learn }) => learn);
  await other.learn(second.learn!);
  await other.learn(first.learn!);
  const straight = await startOf(als as ModelKind);
  await straight.learn(first.learn!);
  await straight.learn(second.learn!);
  assert.not.equal(other.digest, straight.digest);
});

test.run();
