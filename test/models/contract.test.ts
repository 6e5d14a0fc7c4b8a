// What every registered model must do. A new registry entry is covered without a line added here.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DatasetBuilder, deserialize, digest, ModelError, recommend, serialize, similarItems } from '../../src/index.ts';
import { checkerboard, clustered, IMPERSONAL, modelKinds, smallOptions, withFeatures } from '../fixtures.ts';

for (const kind of modelKinds) {
  const test = suite(`model ${kind.name}`);
  const options = smallOptions(kind.name);

  test('has a name, a summary and documented options', () => {
    assert.match(kind.name, /^[a-z][a-z0-9-]*$/);
    assert.ok(kind.summary.length > 10);
    for (const [name, option] of Object.entries(kind.options as Record<string, { doc: string }>)) {
      assert.ok(option.doc.length > 10, `option ${name} is not documented`);
    }
  });

  if (!IMPERSONAL.has(kind.name)) {
    test('ranks the missing field of a checkerboard first', async () => {
      const { data, missing } = checkerboard();
      const model = await kind.fit(data, options);
      for (const [u, user] of [...data.users].entries()) {
        assert.equal(
          recommend(model, user, { k: 1, data }).map((r) => r.item),
          missing(u),
          user,
        );
      }
    });
  }

  test('the same seed gives the same bytes, another run of the same process included', async () => {
    const data = clustered();
    const [a, b] = [await kind.fit(data, options), await kind.fit(data, options)];
    assert.is(await digest(a), await digest(b));
    assert.equal(await serialize(a), await serialize(b));
  });

  test('is the same after saving and loading, and ranks the same', async () => {
    const data = clustered();
    const model = await kind.fit(data, options);
    const bytes = await serialize(model);
    const loaded = await deserialize(bytes);
    assert.is(await digest(loaded), await digest(model));
    assert.equal(await serialize(loaded), bytes);
    assert.equal(loaded.provenance, model.provenance);
    const users = [...data.users];
    assert.equal(recommend(loaded, users, { data }), recommend(model, users, { data }));
  });

  test('records how many threads there were, and its file does not', async () => {
    const model = await kind.fit(clustered(), options);
    assert.is(model.record.threads, 1);
    const file = new TextDecoder().decode(await serialize(model));
    assert.not(file.includes('"threads"'));
    assert.ok(file.includes('"record"'), 'the check sees the record');
  });

  test('refuses damaged, cut and foreign bytes', async () => {
    const bytes = await serialize(await kind.fit(clustered(), options));
    const refused = async (change: Uint8Array, message: RegExp) => {
      const error = await deserialize(change).then(
        () => undefined,
        (e) => e,
      );
      assert.instance(error, ModelError);
      assert.match(error.message, message);
    };
    for (let at = 20; at < bytes.length; at += Math.ceil(bytes.length / 23)) {
      const flipped = bytes.slice();
      flipped[at] ^= 1;
      await refused(flipped, /damaged or incomplete/);
    }
    await refused(bytes.slice(0, -1), /damaged or incomplete/);
    await refused(bytes.slice(0, 10), /not a Lethe model file/);
    await refused(new Uint8Array(1000), /not a Lethe model file/);
    const newer = bytes.slice();
    newer[8] = 99;
    await refused(newer, /format 99/);
  });

  test('lists leave out what was seen, end where items do, and never hold a NaN', async () => {
    const data = clustered();
    const model = await kind.fit(data, options);
    for (const user of data.users) {
      const list = recommend(model, user, { k: 1000, data });
      const seen = new Set([...data.itemsOf(data.users.indexOf(user))].map((i) => data.items.at(i)));
      assert.is(list.length, data.items.live - seen.size);
      for (let j = 0; j < list.length; j++) {
        assert.not(seen.has(list[j].item));
        assert.ok(list[j].score === list[j].score && (j === 0 || list[j].score <= list[j - 1].score));
      }
    }
    const [user] = data.users;
    const [first, second] = data.items;
    assert.is(recommend(model, user, { k: 1000, data, includeSeen: true }).length, data.items.live);
    assert.equal(
      recommend(model, user, { data, includeSeen: true, candidates: [first, second], exclude: [second] }).map((r) => r.item),
      [first],
    );
  });

  test('similar items leave the item itself out', async () => {
    const data = clustered();
    const model = await kind.fit(data, options);
    for (const item of data.items) {
      const list = similarItems(model, item, { k: 5 });
      assert.ok(list.length > 0 && !list.some((r) => r.item === item || r.score !== r.score));
    }
  });

  test('trains with users and items that have nothing, and with one interaction', async () => {
    const full = clustered();
    const sparse = full.filter((_, u, i) => u % 5 !== 0 && i % 7 !== 0);
    const model = await kind.fit(sparse, options);
    for (const matrix of model.parameters.values()) assert.ok(matrix.toArray().every(Number.isFinite));
    assert.ok(
      recommend(model, [...sparse.users], { data: sparse })
        .flat()
        .every((r) => r.score === r.score),
    );
    const builder = new DatasetBuilder();
    builder.add('only', 'one');
    await kind.fit(withFeatures(builder.build(), 1), options);
  });

  test('an abort stops it and names the reason', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const run = kind.fit(clustered(), options, { signal: stop.signal, onProgress: () => stop.abort(reason) });
    const before = new AbortController();
    before.abort(reason);
    assert.is(
      await kind.fit(clustered(), options, { signal: before.signal }).then(
        () => null,
        (e) => e,
      ),
      reason,
    );
    if (!IMPERSONAL.has(kind.name))
      assert.is(
        await run.then(
          () => null,
          (e) => e,
        ),
        reason,
      );
  });

  test('refuses options it does not know and values out of range', async () => {
    const failure = (given: object) =>
      kind.fit(clustered(), given as never).then(
        () => undefined,
        (e) => e,
      );
    assert.match((await failure({ nonsense: 1 })).message, /knows no option "nonsense"/);
    const wrong: Record<string, unknown> = { boolean: 'yes', word: 'no such word' };
    for (const [name, option] of Object.entries(kind.options as Record<string, { kind: string }>)) {
      assert.match((await failure({ [name]: wrong[option.kind] ?? NaN }))?.message ?? '', new RegExp(`"${name}" expected`));
    }
  });

  test.run();
}
