// Lists for many users as they are found: those of `recommend`, watched, stopped, and in breaths.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { als, generate, itemKnn, openTeam, recommend, recommendMany, type UserList } from '../../src/index.ts';
import { BREATH_UNITS, unitsPerUser, usersPerBreath } from '../../src/model/breaths.ts';
import { clustered } from '../fixtures.ts';

const test = suite('recommendMany');
const data = clustered();
const all = async (lists: AsyncIterable<UserList>): Promise<UserList[]> => {
  const found: UserList[] = [];
  for await (const list of lists) found.push(list);
  return found;
};

test('gives what recommend gives, for all and for some, with any threads or a team', async () => {
  for (const kind of [als, itemKnn]) {
    const model = await kind.fit(data);
    const users = [...model.users];
    const expected = recommend(model, users, { k: 5, data }).map((items, n) => ({ user: users[n], items }));
    assert.equal(await all(recommendMany(model, 'all', { k: 5, data })), expected);
    assert.equal(await all(recommendMany(model, users.slice(3, 5), { k: 5, data })), expected.slice(3, 5));
    assert.equal(await all(recommendMany(model, 'all', { k: 5, data, threads: 2 })), expected);
    const team = await openTeam(2);
    assert.equal(await all(recommendMany(model, 'all', { k: 5, data, team })), expected);
    await team.close();
    assert.is.not(JSON.stringify(await all(recommendMany(model, 'all', { k: 4, data }))), JSON.stringify(expected), 'the control');
  }
});

test('what the model does not know fails the request, or is passed over, or is served what is popular', async () => {
  const model = await als.fit(data);
  const asked = ['u1', 'nobody', 'u2'];
  assert.throws(() => recommend(model, asked, { data }), /user "nobody" is not in the model/);
  const [one, none, two] = recommend(model, asked, { data, onUnknown: 'skip' });
  assert.equal([one, none, two], [recommend(model, 'u1', { data }), [], recommend(model, 'u2', { data })]);
  const [, popular] = recommend(model, asked, { data, onUnknown: 'popular' });
  assert.ok(popular.length === 10 && popular.every(({ cold }) => cold === true));
  assert.throws(() => recommend(model, asked, { onUnknown: 'popular' }), /give the training data/);
  assert.throws(() => recommend(model, asked, { data, onUnknown: 'ignore' as 'skip' }), /"onUnknown" expected one of skip, popular, throw/);
  assert.equal(recommend(model, ['nobody'], { data, onUnknown: 'skip' }), [[]]);
});

test('is watched and stopped; threads and a team are one or the other', async () => {
  const big = await generate({ users: 2000, items: 600, interactions: 20000 });
  const model = await als.fit(big, { factors: 64, iterations: 1 });
  const seen: number[] = [];
  await all(recommendMany(model, 'all', { k: 3, data: big, onProgress: ({ done, total }) => seen.push(done / total) }));
  assert.ok(seen.length > 1, 'several breaths');
  assert.is(seen.at(-1), 1);
  const controller = new AbortController();
  let lists = 0;
  try {
    for await (const _ of recommendMany(model, 'all', { k: 3, data: big, signal: controller.signal }))
      if (++lists === 1) controller.abort(new Error('enough'));
    assert.unreachable('it was to stop');
  } catch (error) {
    assert.is((error as Error).message, 'enough');
  }
  assert.is(lists, usersPerBreath(model), 'no more than the breath in which it was stopped');
  assert.ok(lists < model.users.size, 'the control: there was more to do');
  const team = await openTeam(1);
  await all(recommendMany(model, ['u1'], { team, threads: 1 })).then(
    () => assert.unreachable('both were said'),
    (error: Error) => assert.match(error.message, /"threads" and "team" say the same/),
  );
  await team.close();
});

test('a breath is no longer than its units', async () => {
  for (const items of [10, 1000, 50000]) {
    const model = { items: { size: items }, parameters: new Map([['itemFactors', { cols: 64 }]]) } as unknown as Parameters<
      typeof unitsPerUser
    >[0];
    const each = usersPerBreath(model);
    assert.ok(each >= 1 && (each === 1 || each * unitsPerUser(model) <= BREATH_UNITS), `${items}: ${each}`);
    assert.ok((each + 1) * unitsPerUser(model) > BREATH_UNITS, 'the control: one more would be too many');
  }
});

test.run();
