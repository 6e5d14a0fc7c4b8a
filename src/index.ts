// The public surface.
export { DataError, MemoryError, ModelError } from './errors.ts';
export { loadKernels } from './kernels.ts';
export { Dataset, DatasetBuilder, IdTable, compareIds, type Features, type DuplicatePolicy } from './dataset.ts';
export type { Capability, FitControl, Model, ModelKind, Progress, Ranking, RankRequest, RunControl } from './model.ts';
export { METRICS, type MetricName } from './metrics.ts';
export { evaluate, type Evaluation, type EvaluateOptions } from './evaluate.ts';
export { recommend, similarItems, similarUsers, type Recommended, type RecommendOptions } from './recommend.ts';
export { digest } from './digest.ts';
export {
  compatible, forget, gold, partitionOf,
  type Exactness, type ForgetOptions, type ForgetReport, type ForgetRequest, type Partition, type Unlearner,
} from './unlearn.ts';
export { compare, type ComparedModel, type CompareOptions, type Contender } from './compare.ts';
export { deserialize, inspectFile, kernelsDigest, serialize, type ModelInfo } from './serialize.ts';
export { MODELS, type ModelName } from './models/index.ts';
export { popularity } from './models/popularity.ts';
export { UNLEARNERS, type UnlearnerName } from './unlearn/index.ts';
export { retrain } from './unlearn/retrain.ts';
export { VERSION } from './version.ts';
export { readDataset, type DataSource, type ReadOptions } from './read.ts';
export type { Content, NamedContent } from './bytes.ts';
export { readDatasetFile, writeDatasetFolder, type ReadFileOptions } from './platform/node.ts';
export { readNpy, npyBytes, type NpyArray } from './npy.ts';
export { npzBytes, openNpz, type Npz } from './npz.ts';
export { holdOut, joinParts, splitDataset, type Split } from './split.ts';
export { contendersOf, trainedData, type Contenders, type NamedModel, type TrainedData, type TrainedDataOptions } from './trained-data.ts';
export { exportFactors, importFactors, type ExportedFactors, type ImportOptions } from './factors.ts';
export { generate, type GenerateOptions } from './generate.ts';
export { datasetFiles, interChunks } from './write.ts';
export { als, AlsModel, type AlsOptions, type Contribution, type FoldInItem } from './models/als.ts';
export { unlearnAls } from './unlearn/unlearn-als.ts';
export type { Checkpoint, GradientControl, GradientModel } from './gradient.ts';
export { importNeighbors, type Neighbors } from './graph.ts';
export { bpr } from './models/bpr.ts';
export { lightgcn } from './models/lightgcn.ts';
export { vbpr } from './models/vbpr.ts';
export { freedom } from './models/freedom.ts';
export { bm3 } from './models/bm3.ts';
export { mmrecun } from './unlearn/mmrecun.ts';
export { finetune } from './unlearn/finetune.ts';
export { negativeGradient } from './unlearn/negative-gradient.ts';
export { mgcn } from './models/mgcn.ts';
export { ease, easeBytes, type EaseOptions } from './models/ease.ts';
export { itemKnn, type ItemKnnOptions } from './models/item-knn.ts';
export { converge, forgetInStages, type ConvergeOptions, type Stage, type StageResult } from './unlearn/converge.ts';
export { downdate } from './unlearn/downdate.ts';
export { certify, type Certificate, type CertificateStatus, type CertifyOptions } from './certify.ts';
