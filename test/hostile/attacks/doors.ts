// Every public function with arguments that it takes, and what kind each of them is. What is not here is in EXEMPT, with
// the reason; a test holds the two lists to what the package exports.

import type { OptionSpecs } from '../../../src/base/options.ts';
import * as lethe from '../../../src/index.ts';
import {
  type AlsModel,
  type Dataset,
  DatasetBuilder,
  MODELS,
  type Model,
  npyBytes,
  type Partition,
  UNLEARNERS,
} from '../../../src/index.ts';
import { smallOptions } from '../../fixtures.ts';
import { smallData } from './attack.ts';

/** What an argument or an option is; a kind in [brackets] may be left out. */
export type Kind =
  | 'model'
  | 'data'
  | 'partition'
  | 'kind'
  | 'method'
  | 'request'
  | 'id'
  | 'ids'
  | 'name'
  | 'rule'
  | 'count'
  | 'share'
  | 'flag'
  | 'bytes'
  | 'function'
  | 'signal'
  | 'word'
  | 'features'
  | 'neighbors'
  | 'parts'
  | 'models'
  | 'path'
  | 'positions'
  | 'whole'
  | 'number'
  | 'record'
  | 'anything';

/** Options by name, with what each must be. */
export type OptionKinds = Readonly<Record<string, Kind>>;
export type Argument = Kind | `[${Kind}]` | OptionKinds;

export interface Door {
  readonly name: string;
  readonly call: (...args: any[]) => unknown;
  readonly values: readonly unknown[];
  readonly kinds: readonly Argument[];
}

const RUN: OptionKinds = { signal: 'signal', onProgress: 'function', threads: 'count' };
const FIT: OptionKinds = { ...RUN, validation: 'data' };

/** What options a declaration knows, by kind of value. */
function declared(specs: OptionSpecs): OptionKinds {
  const kinds = { integer: 'whole', number: 'number', boolean: 'flag', word: 'word' } as const;
  return Object.fromEntries(Object.entries(specs).map(([name, { kind }]) => [name, kinds[kind]]));
}

/** Runs through a generator of stages: it refuses when it is asked for the first. */
const first = (stages: AsyncGenerator<unknown>) => stages.next();

export async function makeDoors(): Promise<Door[]> {
  const data: Dataset = smallData();
  const model: AlsModel = await lethe.als.fit(data, { factors: 4, iterations: 2 });
  const request = { users: ['u1'] };
  const partition: Partition = lethe.partitionOf(data, request);
  const retrain = UNLEARNERS.retrain;
  const file = await lethe.serialize(model);
  const { bytes } = lethe.exportFactors(model);
  const split = lethe.splitDataset(data, 'per-user:0.6,0.2,0.2');
  const features = data.features.get('text')!;
  const neighbors = { k: 1, indices: new Int32Array(data.items.size), cosines: new Float32Array(data.items.size) };
  const users = Int32Array.of(0, 1);
  const door = (
    name: string,
    call: (...args: any[]) => unknown,
    ...args: readonly (readonly [value: unknown, kind: Argument])[]
  ): Door => ({
    name,
    call,
    values: args.map(([value]) => value),
    kinds: args.map(([, kind]) => kind),
  });
  const fits = Object.values(MODELS).map((kind) =>
    door(
      `${kind.name}.fit`,
      (...args) => (kind.fit as any)(...args),
      [data, 'data'],
      [smallOptions(kind.name), declared(kind.options)],
      [{}, FIT],
    ),
  );
  const methods = Object.values(UNLEARNERS).map((method) =>
    door(`forget by ${method.name}`, (options) => lethe.forget(model, data, request, { method: method as typeof retrain, options }), [
      {},
      declared(method.options),
    ]),
  );
  return [
    ...fits,
    ...methods,
    door(
      'forget',
      lethe.forget,
      [model, 'model'],
      [data, 'data'],
      [request, 'request'],
      [{ method: retrain }, { ...FIT, method: 'method', ignoreUnknown: 'flag', digests: 'flag' }],
    ),
    door('gold', lethe.gold, [model, 'model'], [partition, 'partition'], [{}, { ...FIT, seed: 'whole' }]),
    door('compatible', lethe.compatible, [model.kind, 'kind'], [retrain, 'method']),
    door('partitionOf', lethe.partitionOf, [data, 'data'], [request, 'request'], [{}, { ignoreUnknown: 'flag' }]),
    door(
      'forgetInStages',
      (...args) => first((lethe.forgetInStages as any)(...args)),
      [
        { model, partition, control: {} },
        { model: 'model', partition: 'partition' },
      ],
      [{}, declared(UNLEARNERS.converge.options)],
    ),
    door('trainedData', lethe.trainedData, [model, 'model'], [data, 'data'], [{}, { allowStale: 'flag' }]),
    door('wholeRetain', lethe.wholeRetain, [model, 'model'], [data, 'data'], [request, 'request'], [{}, { ignoreUnknown: 'flag' }]),
    door(
      'certify',
      lethe.certify,
      [model, 'model'],
      [data, 'data'],
      [{}, { ...RUN, tolerance: 'share', within: 'share', polish: 'share', ignoreFingerprint: 'flag' }],
    ),
    door(
      'certifiable',
      lethe.certifiable,
      [split.train, 'data'],
      [split.validation, 'data'],
      [{ factors: 4 }, declared(lethe.als.options)],
      [{}, { ...RUN, k: 'count', steps: 'count' }],
    ),
    door(
      'compare',
      lethe.compare,
      [[{ name: 'original', model }], 'models'],
      [partition, 'partition'],
      [{}, { k: 'count', test: 'data', testUsers: 'number', gold: 'model' }],
    ),
    door(
      'Judge',
      (...args) => new (lethe.Judge as any)(...args),
      [partition, 'partition'],
      [
        { originals: [model], golds: [model] },
        { originals: 'models', golds: 'models' },
      ],
    ),
    door(
      'evaluate',
      lethe.evaluate,
      [model, 'model'],
      [split.train, 'data'],
      [split.test, 'data'],
      [{}, { k: 'count', candidates: 'ids', users: 'ids' }],
    ),
    door(
      'evaluateAsync',
      lethe.evaluateAsync,
      [model, 'model'],
      [split.train, 'data'],
      [split.test, 'data'],
      [{}, { ...RUN, k: 'count', candidates: 'ids', users: 'ids' }],
    ),
    door('defaultMethod', lethe.defaultMethod, [lethe.als, 'kind']),
    door(
      'recommend',
      lethe.recommend,
      [model, 'model'],
      ['u1', 'ids'],
      [{}, { k: 'count', data: 'data', includeSeen: 'flag', exclude: 'ids', candidates: 'ids' }],
    ),
    door(
      'learn',
      lethe.learn,
      [model, 'model'],
      [data, 'data'],
      [{ interactions: [{ user: 'u1', item: 'new', value: 2 }] }, { interactions: 'parts', users: 'ids', items: 'ids' }],
      [
        { method: lethe.converge, options: { stage: 'a' } },
        { method: 'parts', positions: 'id', digests: 'flag' },
      ],
    ),
    door(
      'tune',
      lethe.tune,
      [split.train, 'data'],
      [split.validation, 'data'],
      [
        { models: [lethe.popularity, lethe.als], trials: 1, fixed: { als: { factors: 4, iterations: 2 } } },
        { models: 'parts', trials: 'count', seconds: 'parts', metric: 'word', k: 'count', fixed: 'parts', onTrial: 'function', ...RUN },
      ],
    ),
    door(
      'front',
      lethe.front,
      [split.train, 'data'],
      [split.validation, 'data'],
      [{ bests: [{ model: 'popularity', options: {}, value: 0.1 }] }, { bests: 'parts' }],
      [MODELS, 'anything'],
      [() => lethe.downdate, 'function'],
      [{}, RUN],
    ),
    door('placeByFeatures', lethe.placeByFeatures, [model, 'model'], [data, 'data'], [{}, { seed: 'count' }]),
    door(
      'revise',
      lethe.revise,
      [model, 'model'],
      [data, 'data'],
      [
        { learn: { items: ['new'] }, forget: { users: ['u1'] } },
        { learn: 'parts', forget: 'parts' },
      ],
      [
        { method: lethe.converge, options: { stage: 'a' } },
        { method: 'parts', positions: 'id', forgetBy: 'parts', ignoreUnknown: 'flag' },
      ],
    ),
    door(
      'recommendMany',
      (...args) => first((lethe.recommendMany as any)(...args)),
      [model, 'model'],
      [['u1'], 'ids'],
      [{}, { ...RUN, k: 'count', data: 'data', includeSeen: 'flag', exclude: 'ids', candidates: 'ids' }],
    ),
    door(
      'recommendFor',
      lethe.recommendFor,
      [model, 'model'],
      [['i1', { item: 'i2', value: 2 }], 'parts'],
      [{}, { k: 'count', data: 'data', includeSeen: 'flag', ignoreUnknown: 'flag', exclude: 'ids', candidates: 'ids', seed: 'count' }],
    ),
    door('similarItems', lethe.similarItems, [model, 'model'], ['i1', 'id'], [{}, { k: 'count' }]),
    door('similarUsers', lethe.similarUsers, [model, 'model'], ['u1', 'id'], [{}, { k: 'count' }]),
    door('model.rank', (wanted) => model.rank(wanted), [
      { users, k: 3 },
      { users: 'positions', k: 'count' },
    ]),
    door('model.similarItems', (...args) => (model.similarItems as any)(...args), [1, 'count'], [3, 'count']),
    door('model.explain', (...args) => (model.explain as any)(...args), [data, 'data'], ['u1', 'id'], ['i1', 'id']),
    door('model.foldIn', (list) => model.foldIn(list), [[{ item: 'i1' }], 'parts']),
    door(
      'model.rankFor',
      (...args) => (model.rankFor as any)(...args),
      [[{ item: 'i1' }], 'parts'],
      [{ k: 3 }, { k: 'count', includeSeen: 'flag' }],
    ),
    door('digest', lethe.digest, [model, 'model']),
    door('serialize', lethe.serialize, [model, 'model']),
    door('deserialize', lethe.deserialize, [file, 'bytes']),
    door('inspectFile', lethe.inspectFile, [file, 'bytes']),
    door('exportFactors', lethe.exportFactors, [model, 'model']),
    door(
      'importFactors',
      lethe.importFactors,
      [lethe.als, 'kind'],
      [bytes, 'bytes'],
      [data, 'data'],
      [{}, { users: 'ids', items: 'ids', source: 'name' }],
    ),
    door(
      'splitDataset',
      lethe.splitDataset,
      [data, 'data'],
      ['per-user:0.6,0.2,0.2', 'rule'],
      [1, 'whole'],
      [{}, { unseenUsers: 'share', unseenItems: 'share' }],
    ),
    door('redrawSplit', lethe.redrawSplit, [data, 'data'], [{ rule: 'all', seed: 1 }, 'record']),
    door('likesOf', lethe.likesOf, [data, 'data'], ['value>=2', 'rule']),
    door('holdOut', lethe.holdOut, [data, 'data'], [0.2, 'share'], [1, 'whole']),
    door('joinParts', lethe.joinParts, [
      { train: split.train, validation: split.validation, test: split.test },
      { train: 'data', validation: 'data', test: 'data' },
    ]),
    door(
      'generate',
      lethe.generate,
      [
        { users: 9, items: 8, interactions: 30 },
        { users: 'count', items: 'count', interactions: 'count', seed: 'whole', clusters: 'count' },
      ],
      [{}, RUN],
    ),
    door(
      'coreOf',
      lethe.coreOf,
      [data, 'data'],
      [{}, { kCore: 'count', minUserCount: 'count', minItemCount: 'count', minValue: 'number' }],
    ),
    door(
      'datasetFrom',
      lethe.datasetFrom,
      [[...data.rows()], 'anything'],
      [{}, { signal: 'signal', onProgress: 'function', duplicates: 'word', likes: 'rule', name: 'name' }],
    ),
    door(
      'readDataset',
      lethe.readDataset,
      ['user,item\na,b\n', 'parts'],
      [{}, { format: 'word', duplicates: 'word', name: 'name', signal: 'signal', onProgress: 'function' }],
    ),
    door(
      'readDatasetFile',
      lethe.readDatasetFile,
      ['there/is/no/such/file', 'path'],
      [{}, { format: 'word', duplicates: 'word', name: 'name', onOpen: 'function' }],
    ),
    door('writeDatasetFolder', lethe.writeDatasetFolder, ['\0', 'path'], [data, 'data'], ['data', '[name]']),
    door('datasetFiles', lethe.datasetFiles, [data, 'data'], ['data', '[name]']),
    door('interChunks', (given) => lethe.interChunks(given).next(), [data, 'data']),
    door('readNpy', lethe.readNpy, [[npyBytes({ shape: [1], data: Float32Array.of(1) })], 'parts'], ['a.npy', 'name']),
    door('npyBytes', lethe.npyBytes, [
      { shape: [1], data: Float32Array.of(1) },
      { shape: 'positions', data: 'bytes' },
    ]),
    door('npzBytes', lethe.npzBytes, [{ a: { shape: [1], data: Float32Array.of(1) } }, { a: 'record' }]),
    door('openNpz', lethe.openNpz, [bytes, 'bytes'], ['a.npz', 'name']),
    door('importNeighbors', lethe.importNeighbors, [features, 'features'], [neighbors, 'neighbors']),
    door('easeBytes', lethe.easeBytes, [9, 'count']),
    door('openTeam', lethe.openTeam, [1, 'count']),
    door('withTeam', lethe.withTeam, [1, 'count'], [async () => 0, 'function']),
    door('loadKernels', lethe.loadKernels, [Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), 'bytes']),
    door(
      'DatasetBuilder.add',
      (...args) => (new DatasetBuilder().add as any).apply(new DatasetBuilder(), args),
      ['u', 'name'],
      ['i', 'name'],
      [1, '[number]'],
      [5, '[number]'],
    ),
    door('DatasetBuilder.addUser', (id) => new DatasetBuilder().addUser(id), ['u', 'name']),
    door('contendersOf', lethe.contendersOf, ...contendersArguments(model, data)),
  ];
}

function contendersArguments(model: Model, data: Dataset): [unknown, Argument][] {
  return [
    [[{ name: 'original', model }], 'models'],
    [data, 'data'],
    [{ users: ['u1'] }, 'request'],
    [{}, { ignoreUnknown: 'flag' }],
  ];
}

/** What is exported and not attacked here, and why. */
export const EXEMPT: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['DataError', 'ModelError', 'MemoryError'].map((name) => [name, 'an error: made by the library'])),
  ...Object.fromEntries(['VERSION', 'METRICS', 'MODELS', 'UNLEARNERS', 'defaultKernels'].map((name) => [name, 'no function'])),
  ...Object.fromEntries(
    Object.keys(lethe)
      .filter((name) => typeof (lethe as any)[name] === 'object')
      .map((name) => [name, 'a kind or a method: attacked by fit or forget']),
  ),
  Dataset: 'made by builders and readers, which are attacked',
  SharedArena: 'made by hand, and given to deserialize, which is attacked',
  IdTable: 'made by builders and readers, which are attacked',
  AlsModel: 'made by als.fit; its methods are attacked',
  compareIds: 'compares any two texts',
  kernelBuild: 'takes nothing',
  kernelsDigest: 'takes nothing',
};
