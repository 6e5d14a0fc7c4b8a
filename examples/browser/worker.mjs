// The recommender's side of the page, in a worker of its own so that the page stays responsive: one message in, one answer
// (or a refusal) out, progress in between.
import { digest, forget, generate, readDataset, recommend } from 'lethe';
import { als } from 'lethe/als';
import { unlearnAls } from 'lethe/unlearn-als';

const LIST = 10;
let data;
let model;
let running;

const counts = ({ users, items, interactions }) => ({ users: users.live, items: items.live, interactions });
const listFor = (someModel, someData, user) =>
  someModel.users.indexOf(user) < 0 ? null : recommend(someModel, user, { k: LIST, data: someData });

const actions = {
  async load({ file }) {
    data = await readDataset({ name: file.name, chunks: file }, { features: false });
    model = undefined;
    return counts(data);
  },
  async example() {
    data = await generate({ users: 600, items: 400, interactions: 24000 });
    model = undefined;
    return counts(data);
  },
  async train({ factors, iterations }) {
    running = new AbortController();
    const started = performance.now();
    model = await als.fit(data, { factors, iterations }, { signal: running.signal, onProgress: (progress) => postMessage({ progress }) });
    return { seconds: (performance.now() - started) / 1000, digest: await digest(model), users: [...data.users].slice(0, 2000) };
  },
  async user({ user }) {
    const list = listFor(model, data, user);
    if (!list) return { list };
    const items = Array.from(data.itemsOf(data.users.indexOf(user)), (item) => ({
      item: data.items.at(item),
      title: data.titles.get(item),
    }));
    return { list, items, digest: await digest(model) };
  },
  async forget({ user, what, item }) {
    const request = { user: { users: [user] }, item: { items: [item] }, interaction: { interactions: [[user, item]] } }[what];
    const done = await forget(model, data, request, { method: unlearnAls });
    // What was forgotten is gone for every question that follows, and for training again.
    ({ model, data } = done);
    return { report: done.report, list: listFor(model, data, user) };
  },
};

self.onmessage = async ({ data: { action, ...details } }) => {
  if (action === 'stop') return running?.abort(new Error('stopped'));
  try {
    postMessage({ action, ...(await actions[action](details)) });
  } catch (error) {
    postMessage({ action, error: error.message });
  }
};
