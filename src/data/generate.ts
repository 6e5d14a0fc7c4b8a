// Made-up interactions for demonstrations, tests and benchmarks: power-law users and items, tastes in clusters, item
// features that follow the clusters. Every draw is keyed by the seed and by who it is for: the same bytes on every runtime.
// Stands in for no real data set: only shapes and the rough form of popularity are like theirs.

import { breathe } from '../base/breathe.ts';
import * as check from '../base/check.ts';
import { asMemoryError } from '../base/errors.ts';
import { keyOf, philox, STREAM } from '../base/random.ts';
import { checkControl, type RunControl } from '../base/run-control.ts';
import { Dataset } from './dataset.ts';
import type { Features } from './features.ts';
import { IdTable } from './ids.ts';

/** How much data to make up, and of which kind. */
export interface GenerateOptions {
  readonly users: number;
  readonly items: number;
  /** Distinct (user, item) pairs; every user and every item has at least one. */
  readonly interactions: number;
  /** 0..2^32−1, default 1. */
  readonly seed?: number;
  /** Groups of items that are liked together; default: about half the square root of `items`, 2 to 64. */
  readonly clusters?: number;
  /** Dimensions of feature matrices to make, by modality name. */
  readonly modalities?: Readonly<Record<string, number>>;
}

/** What a draw is for: the second word of the counter. */
const DRAW = /* @__PURE__ */ Object.freeze({ activity: 1, popularity: 2, taste: 3, item: 4, value: 5, centre: 6, noise: 7 });

/** Shares of a user's interactions that go to the three favourite clusters; the rest goes anywhere. */
const TASTE = [0.5, 0.7, 0.8] as const;
/** Draws of an item that the user already has, after which the next free one is taken. */
const PATIENCE = 6;
/** Interactions between two points where other work may run. */
const BREATH = 1 << 17;

/**
 * Generates a data set with values 1 to 5, ids that are numbers from 0, and titles whose noun names the cluster.
 * @throws RangeError when the interactions do not fit the users and items; the signal's reason.
 * @example
 * const data = await generate({ users: 200, items: 100, interactions: 4000, modalities: { text: 8 } });
 */
export async function generate(options: GenerateOptions, control: RunControl = {}): Promise<Dataset> {
  checkControl('generate', control);
  const resolved = resolve(options);
  const { users, items, interactions, modalities } = resolved;
  const dims = Object.values(modalities).reduce((sum, d) => sum + d, 0);
  // Rows with values; ids, weights and tables by item and by user; features.
  const bytes = interactions * 8 + users * 60 + items * (150 + dims * 4);
  try {
    return await made(resolved, control);
  } catch (error) {
    throw asMemoryError(error, bytes, 'ask for fewer users, items, interactions or features');
  }
}

async function made(given: Required<GenerateOptions>, control: RunControl): Promise<Dataset> {
  const { users, items, interactions, seed, clusters, modalities } = given;
  const catalogue = makeCatalogue(items, clusters, seed);
  const indptr = makeDegrees(users, items, interactions, seed);
  const indices = new Int32Array(interactions);
  const data = new Float32Array(interactions);
  const taken = new Int32Array(items).fill(-1);
  let anchor = 0;
  let nextBreath = BREATH;
  for (let user = 0; user < users; user++) {
    const begin = indptr[user];
    const end = indptr[user + 1];
    let at = begin;
    // Every item is given to somebody: item number n to whoever holds the n-th of evenly spaced places among all rows.
    for (; anchor < items && Math.floor((anchor * interactions) / items) < end; anchor++) {
      const item = catalogue.itemAt[anchor];
      taken[item] = user;
      indices[at++] = item;
    }
    const favourites = favouritesOf(user, clusters, seed);
    for (let draw = 0; at < end; draw++) at = drawItem(user, draw, at, favourites, catalogue, seed, taken, indices);
    indices.subarray(begin, end).sort();
    for (let e = begin; e < end; e++) data[e] = ratingOf(user, indices[e], favourites, catalogue.clusterOf, seed);
    if (end >= nextBreath) {
      nextBreath = end + BREATH;
      control.onProgress?.({ phase: 'generate', done: end, total: interactions });
      await breathe();
      check.aborted(control.signal);
    }
  }
  return new Dataset({
    users: numbered(users),
    items: numbered(items),
    userItems: { rows: users, cols: items, indptr, indices, data },
    titles: new Map(Array.from({ length: items }, (_, item) => [item, catalogue.titleOf(item)])),
    features: new Map(Object.entries(modalities).map(([name, dims]) => [name, makeFeatures(name, dims, catalogue, seed)])),
    source: 'generated',
  });
}

function resolve(options: GenerateOptions): Required<GenerateOptions> {
  check.knownKeys('generate', options, ['users', 'items', 'interactions', 'seed', 'clusters', 'modalities']);
  const most = 0x7fffffff;
  const users = check.integer('users', options.users, { min: 1, max: 1 << 28 });
  const items = check.integer('items', options.items, { min: 1, max: 1 << 28 });
  const interactions = check.integer('interactions', options.interactions, {
    min: Math.max(users, items),
    max: Math.min(most, users * items),
  });
  const seed = check.integer('seed', options.seed ?? 1, { min: 0, max: 0xffffffff });
  const usual = Math.min(items, Math.max(2, Math.min(64, Math.floor(Math.sqrt(items) / 2))));
  const clusters = check.integer('clusters', options.clusters ?? usual, { min: 1, max: items });
  const modalities = options.modalities ?? {};
  for (const [name, dims] of Object.entries(modalities)) {
    if (!/^[a-z][a-z0-9-]*$/i.test(name))
      throw new RangeError(`"modalities" expected names of letters and digits, got ${check.describe(name)}`);
    check.integer(`modalities.${name}`, dims, { min: 1, max: 65536 });
  }
  return { users, items, interactions, seed, clusters, modalities };
}

/** Row starts: one interaction for everybody, and the rest in proportion to 1/(U + 1/60), a power law with a soft head. */
function makeDegrees(users: number, items: number, interactions: number, seed: number): Int32Array {
  const weights = new Float64Array(users);
  let total = 0;
  for (let user = 0; user < users; user++) {
    const uniform = philox(user, DRAW.activity, 0, 0, seed, STREAM.generate)[0] / 4294967296;
    total += weights[user] = 1 / (uniform + 1 / 60);
  }
  const indptr = new Int32Array(users + 1);
  // Nobody takes more than half of the items, unless all must.
  const most = Math.max(Math.ceil(interactions / users), items >> 1);
  const spare = interactions - users;
  let sum = 0;
  let given = 0;
  let surplus = 0;
  for (let user = 0; user < users; user++) {
    sum += weights[user];
    // Rounding the running sum, not each share, keeps the total exact.
    const upTo = user === users - 1 ? spare : Math.min(spare, Math.floor((spare * sum) / total));
    const degree = 1 + upTo - given;
    given = upTo;
    indptr[user + 1] = Math.min(degree, most);
    surplus += degree - indptr[user + 1];
  }
  // What the most active could not take goes around until it is gone.
  while (surplus > 0) {
    const each = Math.max(1, Math.floor(surplus / users));
    for (let user = 1; user <= users && surplus > 0; user++) {
      const more = Math.min(each, surplus, most - indptr[user]);
      indptr[user] += more;
      surplus -= more;
    }
  }
  for (let user = 0; user < users; user++) indptr[user + 1] += indptr[user];
  return indptr;
}

/** Items by cluster and popularity. Places are numbered cluster after cluster, the most popular first. */
interface Catalogue {
  readonly clusters: number;
  /** First place of each cluster, i32[clusters + 1]. */
  readonly starts: Int32Array;
  readonly itemAt: Int32Array;
  readonly placeOf: Int32Array;
  readonly clusterOf: Int32Array;
  /** Walker's alias tables, one for each cluster: stay at a place with this chance, else go to the alias. */
  readonly chance: Float64Array;
  readonly alias: Int32Array;
  titleOf(item: number): string;
}

function makeCatalogue(items: number, clusters: number, seed: number): Catalogue {
  const draws = Float64Array.from({ length: items }, (_, item) => philox(item, DRAW.popularity, 0, 0, seed, STREAM.generate)[0]);
  const byPopularity = Int32Array.from(draws, (_, item) => item).sort((a, b) => draws[a] - draws[b] || a - b);
  const starts = new Int32Array(clusters + 1);
  for (let c = 0; c < clusters; c++) starts[c + 1] = starts[c] + Math.ceil((items - c) / clusters);
  const itemAt = new Int32Array(items);
  const placeOf = new Int32Array(items);
  const clusterOf = new Int32Array(items);
  const weights = new Float64Array(items);
  for (let rank = 0; rank < items; rank++) {
    // Dealt out like cards: clusters have equal shares of popular and of rare items.
    const cluster = rank % clusters;
    const place = starts[cluster] + Math.floor(rank / clusters);
    const item = byPopularity[rank];
    itemAt[place] = item;
    placeOf[item] = place;
    clusterOf[item] = cluster;
    const depth = rank + items / 20;
    weights[place] = 1 / (depth * Math.sqrt(depth));
  }
  const chance = new Float64Array(items);
  const alias = new Int32Array(items);
  for (let c = 0; c < clusters; c++) fillAlias(weights, starts[c], starts[c + 1], chance, alias);
  return {
    clusters,
    starts,
    itemAt,
    placeOf,
    clusterOf,
    chance,
    alias,
    titleOf: (item) => titleOf(clusterOf[item], placeOf[item] - starts[clusterOf[item]]),
  };
}

/** Walker's alias method (Vose's construction) over the places [begin, end). */
function fillAlias(weights: Float64Array, begin: number, end: number, chance: Float64Array, alias: Int32Array): void {
  const n = end - begin;
  let total = 0;
  for (let p = begin; p < end; p++) total += weights[p];
  const small: number[] = [];
  const large: number[] = [];
  for (let p = begin; p < end; p++) {
    chance[p] = (weights[p] * n) / total;
    alias[p] = p;
    (chance[p] < 1 ? small : large).push(p);
  }
  while (small.length > 0 && large.length > 0) {
    const poor = small.pop()!;
    const rich = large.at(-1)!;
    alias[poor] = rich;
    chance[rich] -= 1 - chance[poor];
    if (chance[rich] < 1) small.push(large.pop()!);
  }
  // What is left over differs from 1 by rounding only.
  for (const p of [...small, ...large]) chance[p] = 1;
}

/** A whole number below `bound` from 32 random bits. */
const below = (bits: number, bound: number): number => Math.floor((bits / 4294967296) * bound);

function favouritesOf(user: number, clusters: number, seed: number): readonly [number, number, number] {
  const words = philox(user, DRAW.taste, 0, 0, seed, STREAM.generate);
  return [below(words[0], clusters), below(words[1], clusters), below(words[2], clusters)];
}

/** Adds an item that the user does not have yet, or nothing. @returns the next free place of the row. */
function drawItem(
  user: number,
  draw: number,
  at: number,
  favourites: readonly number[],
  catalogue: Catalogue,
  seed: number,
  taken: Int32Array,
  indices: Int32Array,
): number {
  const { starts, itemAt, chance, alias, clusters } = catalogue;
  const words = philox(draw, DRAW.item, user, 0, seed, STREAM.generate);
  const taste = words[0] / 4294967296;
  const liked = TASTE.findIndex((share) => taste < share);
  const cluster = liked < 0 ? below(words[1], clusters) : favourites[liked];
  let place = starts[cluster] + below(words[2], starts[cluster + 1] - starts[cluster]);
  if (words[3] / 4294967296 >= chance[place]) place = alias[place];
  if (taken[itemAt[place]] === user) {
    // Rows that own most of a cluster would draw in vain for long: now and then the next free place is taken.
    if (draw % PATIENCE !== PATIENCE - 1) return at;
    do place = place + 1 === itemAt.length ? 0 : place + 1;
    while (taken[itemAt[place]] === user);
  }
  taken[itemAt[place]] = user;
  indices[at] = itemAt[place];
  return at + 1;
}

/** Around what a rating lies: in the favourite cluster, in the other two, elsewhere. */
const RATING = /* @__PURE__ */ Object.freeze({ favourite: 4, liked: 3.5, other: 2.5 });

/** 1 to 5. */
function ratingOf(user: number, item: number, favourites: readonly number[], clusterOf: Int32Array, seed: number): number {
  const rank = favourites.indexOf(clusterOf[item]);
  const liked = rank > 0 ? RATING.liked : RATING.other;
  const words = philox(item, DRAW.value, user, 0, seed, STREAM.generate);
  const noise = (words[0] + words[1]) / 4294967296 - 1;
  const value = Math.floor((rank === 0 ? RATING.favourite : liked) + 1.5 * noise + 0.5);
  return Math.max(1, Math.min(5, value));
}

/** Each item's features: its cluster's centre and as much noise of its own. */
function makeFeatures(name: string, dims: number, { clusterOf, clusters }: Catalogue, seed: number): Features {
  const items = clusterOf.length;
  const { lo, hi } = keyOf(name);
  // Four numbers between −1 and 1 from four words, each the sum of two uniform halves.
  const fill = (target: Float32Array, offset: number, purpose: number, owner: number): void => {
    for (let d = 0; d < dims; d += 4) {
      const words = philox(d, (purpose ^ lo) | 0, owner, hi, seed, STREAM.generate);
      for (let k = 0; k < 4 && d + k < dims; k++) target[offset + d + k] = ((words[k] & 0xffff) + (words[k] >>> 16)) / 65536 - 1;
    }
  };
  const centres = new Float32Array(clusters * dims);
  for (let c = 0; c < clusters; c++) fill(centres, c * dims, DRAW.centre, c);
  const values = new Float32Array(items * dims);
  for (let item = 0; item < items; item++) {
    fill(values, item * dims, DRAW.noise, item);
    for (let d = 0; d < dims; d++) values[item * dims + d] += centres[clusterOf[item] * dims + d];
  }
  return { dims, values, present: new Uint8Array(items).fill(1) };
}

function numbered(count: number): IdTable {
  return new IdTable(Array.from({ length: count }, (_, position) => String(position)));
}

const listed = (text: string): readonly string[] => text.split(' ');
const NOUNS = /* @__PURE__ */ listed(
  'Harbour Orchard Comet Violin Glacier Lantern Desert Falcon Garden Thunder Mirror Railway Tiger Library Volcano Carnival ' +
    'Island Engine Forest Castle Rhythm Kitchen River Planet Shadow Bridge Meadow Circus Summit Market Canyon Theatre ' +
    'Lighthouse Wolf Compass Temple Balloon Prairie Anchor Clockwork Monsoon Puzzle Reef Sparrow Tunnel Vineyard Window Archive ' +
    'Beacon Cavern Dragon Eclipse Fountain Ghost Horizon Iceberg Jungle Kite Labyrinth Mountain Nebula Oasis Pearl Quarry',
);
const ADJECTIVES = /* @__PURE__ */ listed(
  'Amber Bright Crimson Distant Endless Fading Golden Hidden Ivory Jolly Kind Lonely Misty Northern Open Patient ' +
    'Quiet Restless Silver Tender Unseen Velvet Wandering Young Ancient Broken Curious Daring Electric Frozen Gentle Hollow ' +
    'Iron Joyful Keen Little Midnight Noble Old Painted Quick Royal Secret Twilight Upper Vivid Winter Yellow ' +
    'Azure Brave Copper Dancing Early Fearless Glowing Humble Inner Jade Last Mellow Narrow Outer Proud Rusty',
);

/** The noun says which cluster an item is of, so that a list of recommendations shows a taste at a glance. */
function titleOf(cluster: number, index: number): string {
  const noun = NOUNS[cluster % NOUNS.length];
  const adjective = ADJECTIVES[index % ADJECTIVES.length];
  const edition = Math.floor(index / ADJECTIVES.length) + 1 + Math.floor(cluster / NOUNS.length) * 1000;
  return edition === 1 ? `The ${adjective} ${noun}` : `The ${adjective} ${noun} ${edition}`;
}
