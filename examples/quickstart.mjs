// Train, recommend, forget, compare: the whole road in ten lines, on generated data.
import { als, compare, evaluate, forget, generate, gold, recommend, splitDataset, unlearnAls } from 'lethe';

const data = await generate({ users: 500, items: 300, interactions: 20000, seed: 1 }); // or: await readDatasetFile('ratings.csv')
const { train, test } = splitDataset(data, 'per-user:0.9,0,0.1', 1);
const model = await als.fit(train, { factors: 32, regularization: 10, alpha: 1 });
const [user] = train.users;
console.log(recommend(model, user, { k: 5, data: train }));
console.log(evaluate(model, train, test, { k: 20 })['recall@20']);

const { model: unlearned, partition, report } = await forget(model, train, { users: [user] }, { method: unlearnAls });
console.log(report.forgotten, report.digestAfter);
const judge = await gold(model, partition);
console.table(
  compare(
    [
      { name: 'original', model },
      { name: 'unlearned', model: unlearned },
      { name: 'gold', model: judge },
    ],
    partition,
    { test, gold: judge },
  ),
);
