// The first list of a fresh model is scored where the factors lie, all later ones by the packed copy: same items, same bits.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hex, sha256 } from '../../src/base/sha256.ts';
import { type AlsModel, als, type Dataset, DatasetBuilder, type Ranking, type RankRequest, recommend } from '../../src/index.ts';

const test = suite('first list');

/** More items than one block of the first list, and no multiple of it; ids in gaps, as after deletions. */
function model(items: number, factors: number, holes: boolean): { fresh(): AlsModel; data: Dataset } {
  const builder = new DatasetBuilder();
  const users = 40;
  for (let u = 0; u < users; u++)
    for (let i = 0; i < items; i++) if ((u * 31 + i * 17) % 23 === 0 || i === u) builder.add(`u${u}`, `i${i}`);
  const whole = builder.build();
  const gone = holes ? [0, 5, Math.min(255, items - 2), items - 1] : [];
  const data = holes ? whole.filter((_, __, item) => !gone.includes(item)).withTables(whole.users, whole.items.without(gone)) : whole;
  const values = (rows: number): Float32Array => Float32Array.from({ length: rows * factors }, (_, n) => ((n * 7919) % 1009) / 1009 - 0.5);
  const dense = (rows: number) => ({ rows, cols: factors, values: values(rows) });
  return {
    data,
    fresh: () =>
      als.restore({
        options: { factors },
        users: data.users,
        items: data.items,
        provenance: { fingerprint: '0', split: { rule: 'all', seed: 0 } },
        record: {},
        parameters: new Map([
          ['userFactors', dense(users)],
          ['itemFactors', dense(whole.items.size)],
        ]),
      }),
  };
}

const bits = ({ items, scores }: Ranking): number[][] => [
  [...items],
  [...new Uint32Array(scores.buffer, scores.byteOffset, scores.length)],
];

for (const [items, factors, holes] of [
  [1100, 64, false],
  [1100, 64, true],
  [517, 17, true],
  [256, 8, false],
  [40, 3, true],
] as const) {
  test(`${items} items, ${factors} factors${holes ? ', some ids gone' : ''}: the bits of the lists that follow`, () => {
    const { fresh, data } = model(items, factors, holes);
    const allowed = Uint8Array.from({ length: data.items.size }, (_, i) => (i % 3 === 1 ? 0 : 1));
    for (const more of [{}, { exclude: data.userItems }, { allowed }, { exclude: data.userItems, allowed }] as Partial<RankRequest>[]) {
      for (const k of [1, 10, data.items.size]) {
        const request = (user: number): RankRequest => ({ users: Int32Array.of(user), k, ...more });
        const one = fresh();
        const before = one.memoryBytes;
        const first = bits(one.rank(request(7)));
        // The second call packs the items, and so does a first one for two users.
        assert.equal(bits(one.rank(request(7))), first);
        const both = fresh().rank({ ...request(7), users: Int32Array.of(7, 7) });
        assert.equal(bits({ items: both.items.slice(0, k), scores: both.scores.slice(0, k) }), first);
        assert.not.equal(bits(fresh().rank(request(8))), first, 'the check must be able to fail');
        assert.ok(one.memoryBytes >= before);
      }
    }
  });
}

test('no list of candidates and one of all items are the same request', () => {
  const { fresh, data } = model(517, 17, true);
  assert.equal(recommend(fresh(), 'u3', { k: 20 }), recommend(fresh(), 'u3', { k: 20, candidates: [...data.items] }));
  assert.equal(recommend(fresh(), 'u3', { k: 20, candidates: [] }), []);
  const [best, next] = recommend(fresh(), 'u3', { k: 2 });
  assert.is(recommend(fresh(), 'u3', { k: 1, exclude: [best.item] })[0].item, next.item);
});

test("SHA-256: the standard's vectors, whichever of the host's ways computes it", async () => {
  const of = async (bytes: Uint8Array): Promise<string> => hex(await sha256(bytes));
  assert.is(await of(new Uint8Array(0)), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.is(await of(new TextEncoder().encode('abc')), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  // A million times "a", as a view of a larger memory; then more than is hashed at once.
  const large = new Uint8Array(20_000_000).fill(97);
  assert.is(await of(large.subarray(3, 1_000_003)), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0');
  const way = globalThis.process as { getBuiltinModule?: unknown } | undefined;
  const hidden = way?.getBuiltinModule;
  const plain = await of(large);
  try {
    if (way) way.getBuiltinModule = undefined;
    assert.is(await of(large), plain);
    assert.is(await of(new TextEncoder().encode('abc')), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  } finally {
    if (way) way.getBuiltinModule = hidden;
  }
});

test.run();
