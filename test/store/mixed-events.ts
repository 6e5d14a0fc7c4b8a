// A life of a store by a seed: batches learned, people, items and single interactions forgotten, promises left for later, stages,
// compactions. The same on every runtime, so that digests can be held side by side.
import type { ModelKind } from '../../src/index.ts';
import { createStore, memoryStorage, type Store, type StoreEvent } from '../../src/store/index.ts';
import { clustered, smallOptions } from '../fixtures.ts';

/** A store over small data that are always the same. */
export async function startOf(kind: ModelKind): Promise<Store> {
  const train = clustered();
  return createStore(memoryStorage(), { model: await kind.fit(train, smallOptions(kind.name)), train });
}

/** Whole numbers below a bound, by a seed. */
export function drawer(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * bound);
  };
}

/** What one step asks of a store; refusals are part of life, as when somebody is named who has left. */
export async function step(store: Store, draw: (bound: number) => number, n: number): Promise<void> {
  const { parts } = await store.state();
  const someone = (): string => [...parts.train.users][draw(parts.train.users.live)];
  const something = (): string => [...parts.train.items][draw(parts.train.items.live)];
  const what = draw(20);
  if (what < 10) {
    const interactions = Array.from({ length: 1 + draw(6) }, (_, m) => ({
      user: draw(4) === 0 ? `new ${n} ${m}` : someone(),
      item: draw(8) === 0 ? `novelty ${n} ${m}` : something(),
      value: 1 + draw(5),
    }));
    await store.learn({ interactions });
  } else if (what < 13) await store.forget({ users: [someone()] });
  else if (what === 13) await store.forget({ items: [something()] });
  else if (what === 14) {
    const user = someone();
    const row = parts.train.itemsOf(parts.train.users.indexOf(user));
    await store.forget({ interactions: [[user, parts.train.items.at(row[draw(row.length)])!]] });
  } else if (what < 17) await store.suppress({ users: [someone()] });
  else if (what === 17) await store.converge({ stage: 'b' });
  else if (what === 18) await store.compact();
  else await store.work();
}

/**
 * Lives until so many events have happened.
 * @param seen is handed every event before the next step, as a replica would take it; promises with their content.
 */
export async function live(store: Store, events: number, seed: number, seen: (event: StoreEvent) => Promise<void> | void): Promise<void> {
  const draw = drawer(seed);
  for (let n = 0, last = store.event; store.event < events; n++) {
    await step(store, draw, n).catch((error: Error) => {
      if (!/unknown|nothing|everything|being forgotten|as they are|contradicts/.test(error.message)) throw error;
    });
    for await (const event of store.events(last + 1)) await seen(event);
    last = store.event;
  }
}
