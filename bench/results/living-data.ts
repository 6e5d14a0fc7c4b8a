// Streams of interactions for results:living, and parts of the split over tables that change.
import { STREAM, uniform } from '../../src/base/random.ts';
import { type AddedInteraction, type Dataset, DatasetBuilder } from '../../src/index.ts';
import { load, loadGiven } from './data.ts';

export type SetName = 'ml-100k' | 'ml-1m' | 'lfm2k';

export interface Stream {
  readonly source: Dataset;
  /** All training interactions in the order in which they come. */
  readonly pairs: readonly AddedInteraction[];
  /** The first that is not trained on at the start. */
  readonly half: number;
  readonly validation: Dataset;
  readonly test: Dataset;
  /** A held-out part over the tables of data: who is not in them is left out. */
  over(part: Dataset, data: Dataset): Dataset;
}

/** By time where there are times, else by keyed draw. */
export async function inOrder(name: SetName): Promise<Stream> {
  const { train, validation, test } = name === 'lfm2k' ? await loadGiven(name) : await load(name);
  const drawn: (readonly [pair: AddedInteraction, order: number])[] = [];
  const { indptr, indices, data: values } = train.userItems;
  for (let u = 0; u < train.users.size; u++) {
    for (let e = indptr[u]; e < indptr[u + 1]; e++) {
      const pair = {
        user: train.users.at(u)!,
        item: train.items.at(indices[e])!,
        value: values[e],
        ...(train.times && { time: train.times[e] }),
      };
      drawn.push([pair, train.times?.[e] ?? uniform(1, STREAM.forgetSample, train.users.key(u), 7 + indices[e])]);
    }
  }
  const pairs = drawn.sort((a, b) => a[1] - b[1]).map(([pair]) => pair);
  return {
    source: train,
    pairs,
    half: pairs.length >> 1,
    validation,
    test,
    over: (part, data) => part.alignTo(data.users, data.items),
  };
}

/** The first half as a fresh reading gives it, so that who comes later is new. */
export function started({ pairs, half, source }: Stream): Dataset {
  const builder = new DatasetBuilder();
  for (const { user, item, value, time } of pairs.slice(0, half)) builder.add(user, item, value, time);
  const { reading } = source;
  return builder.build('last', { ...(reading && { reading }) });
}
