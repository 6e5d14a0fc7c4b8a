// The public surface.
export { DataError, MemoryError, ModelError } from './base/errors.ts';
export type { GivenOptions, OptionSpecs } from './base/options.ts';
export type { Progress, RunControl } from './base/run-control.ts';
export { VERSION } from './base/version.ts';
export { DatasetBuilder } from './data/builder.ts';
export { type CoreRule, coreOf } from './data/core.ts';
export { Dataset, type Unseen } from './data/dataset.ts';
export type { DuplicatePolicy } from './data/duplicates.ts';
export type { Features } from './data/features.ts';
export { type GenerateOptions, generate } from './data/generate.ts';
export { compareIds, IdTable } from './data/ids.ts';
export { likesOf } from './data/likes.ts';
export type { ReadingRecord } from './data/reading.ts';
export type { DatasetRow } from './data/rows.ts';
export { holdOut, joinParts, redrawSplit, type Split, type SplitOptions, splitDataset } from './data/split.ts';
export { type ExportedFactors, exportFactors, type ImportOptions, importFactors } from './files/factors.ts';
export type { ModelOf, Restorer } from './files/model-file.ts';
export { type ReadFileOptions, readDatasetFile, writeDatasetFolder } from './files/node-files.ts';
export { deserialize, inspectFile, kernelsDigest, type ModelInfo, type OpenOptions, serialize } from './files/serialize.ts';
export { type DefaultMethod, defaultMethod } from './forget/default-method.ts';
export {
  type ForgetBasics,
  type ForgetOptions,
  type ForgetReport,
  type ForgetResult,
  forget,
  type GoldControl,
  gold,
  type HeldOut,
  type ModelAfter,
} from './forget/forget.ts';
export { compatible, type Details, type Exactness, type Positions, type Unlearner } from './forget/method.ts';
export type { GradientDetails } from './forget/outcome.ts';
export { type ForgetRequest, type Partition, type PartitionOptions, partitionOf, type UnknownIds } from './forget/request.ts';
export {
  type Contenders,
  contendersOf,
  type NamedModel,
  type TrainedData,
  type TrainedDataOptions,
  trainedData,
} from './forget/trained-data.ts';
export { wholeRetain } from './forget/whole-data.ts';
export type { Content, NamedContent } from './formats/bytes.ts';
export {
  type ArrowFields,
  type ColumnFields,
  datasetFrom,
  type Field,
  type Id,
  type Part,
  type RowColumns,
  type RowFields,
  type RowOptions,
  type Time,
} from './formats/dataset-from.ts';
export type { Encoding } from './formats/encoding.ts';
export { type NpyArray, npyBytes, readNpy } from './formats/npy.ts';
export { type Npz, npzBytes, openNpz } from './formats/npz.ts';
export type { Decimal } from './formats/numbers.ts';
export type { Packages } from './formats/packages.ts';
export { type DataSource, readDataset } from './formats/read.ts';
export type { ReadOptions } from './formats/read-options.ts';
export type { ArrowTable, ArrowVector } from './formats/row-fields.ts';
export { datasetFiles, interChunks } from './formats/write.ts';
export type { Checkpoint, GradientControl, GradientKind, GradientModel, GradientRecord } from './gradient/gradient-model.ts';
export { importNeighbors, type Neighbors } from './gradient/graph.ts';
export { type Certifiable, type CertifiableOptions, certifiable, type Trial } from './judge/certifiable.ts';
export { type Certificate, type CertifyOptions, certify } from './judge/certify.ts';
export { type ComparedModel, type CompareOptions, type Contender, compare } from './judge/compare.ts';
export { type Beside, type Figure, Judge, type Judgement, type Membership } from './judge/judge.ts';
export type { Standing } from './judge/power.ts';
export type { CertificateStatus } from './judge/verdict.ts';
export type { AddedInteraction, Additions } from './learn/additions.ts';
export { LEARNERS, type LearnerName } from './learn/index.ts';
export { type LearnOptions, type LearnReport, type LearnResult, learn, type ReviseOptions, revise } from './learn/learn.ts';
export { replay } from './learn/replay.ts';
export type { RevisionRequest } from './learn/revision.ts';
export { digest } from './model/digest.ts';
export { type EvaluateOptions, type Evaluation, evaluate, evaluateAsync, type MetricMeans } from './model/evaluate.ts';
export { METRICS, type MetricName } from './model/metrics.ts';
export type { Capability, CellShape, Contribution, FitControl, Model, ModelKind, Ranking, RankRequest } from './model/model.ts';
export {
  type OnCold,
  type OnUnknown,
  type Recommended,
  type RecommendOptions,
  recommend,
  similarItems,
  similarUsers,
} from './model/recommend.ts';
export { type RecommendManyOptions, recommendMany, type UserList } from './model/recommend-many.ts';
export { AlsModel, type AlsOptions, type AlsRecord, als, type FoldInItem } from './models/als.ts';
export { bm3 } from './models/bm3.ts';
export { bpr } from './models/bpr.ts';
export { cm3 } from './models/cm3.ts';
export { type EaseModel, type EaseOptions, ease, easeBytes } from './models/ease.ts';
export { freedom } from './models/freedom.ts';
export { MODELS, type ModelName } from './models/index.ts';
export { type ItemKnnModel, type ItemKnnOptions, itemKnn } from './models/item-knn.ts';
export { lattice } from './models/lattice.ts';
export { lightgcn } from './models/lightgcn.ts';
export { lirdrec } from './models/lirdrec.ts';
export { mgcn } from './models/mgcn.ts';
export { popularity } from './models/popularity.ts';
export { slmrec } from './models/slmrec.ts';
export { vbpr } from './models/vbpr.ts';
export type { History, HistoryEntry } from './newcomers/history.ts';
export { type Placed, type PlaceOptions, placeByFeatures } from './newcomers/place-by-features.ts';
export { type RecommendForOptions, recommendFor } from './newcomers/recommend-for.ts';
export { openTeam, type Team, withTeam } from './threads/team.ts';
export { type FrontRow, front } from './tune/front.ts';
export { type Trial as TuneTrial, type Tuned, type TuneOptions, tune } from './tune/tune.ts';
export { type ConvergeDetails, type ConvergeOptions, converge, forgetInStages, type Stage, type StageResult } from './unlearn/converge.ts';
export { type DowndateDetails, downdate } from './unlearn/downdate.ts';
export { finetune } from './unlearn/finetune.ts';
export { UNLEARNERS, type UnlearnerName } from './unlearn/index.ts';
export { type MmrecunDetails, mmrecun } from './unlearn/mmrecun.ts';
export { negativeGradient } from './unlearn/negative-gradient.ts';
export { retrain } from './unlearn/retrain.ts';
export { type UnlearnAlsDetails, unlearnAls } from './unlearn/unlearn-als.ts';
export { defaultKernels, type KernelBuild, kernelBuild, loadKernels, type NamedKernels } from './wasm/kernels.ts';
export type { MemoryPlan } from './wasm/memory.ts';
export { SharedArena } from './wasm/shared-arena.ts';
