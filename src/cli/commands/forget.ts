// lethe forget: makes a model forget; the given file stays as it is.

import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { word } from '../../base/options.ts';
import type { Dataset } from '../../data/dataset.ts';
import { joinParts } from '../../data/split.ts';
import type { FileContent } from '../../files/whole-files.ts';
import { defaultMethod } from '../../forget/default-method.ts';
import { forget as forgetRequest, type HeldOut } from '../../forget/forget.ts';
import type { Unlearner } from '../../forget/method.ts';
import type { ForgetRequest, UnknownIds } from '../../forget/request.ts';
import { trainedData } from '../../forget/trained-data.ts';
import { interChunks } from '../../formats/write.ts';
import type { Model } from '../../model/model.ts';
import { als } from '../../models/als.ts';
import { UNLEARNERS, type UnlearnerName } from '../../unlearn/index.ts';
import type { Command, Context, Peek } from '../command.ts';
import { DATA_FLAGS, openData } from '../data.ts';
import { readModel, requireWritable, saveModel } from '../files.ts';
import type { OptionSet } from '../flags.ts';
import { forgetInStore } from '../forget-in-store.ts';
import { ON_FLAG, SPARK_FLAGS } from '../on-spark.ts';
import { REQUEST_FLAGS, requestOf } from '../request.ts';
import { forgetOnSpark } from '../spark-commands.ts';
import { WAIT_FLAG } from '../store.ts';
import { didYouMean } from '../suggest.ts';
import { fields, forgottenText, secondsText, type Terminal } from '../terminal.ts';
import { UsageError } from '../usage.ts';

export const METHOD_FLAG = { name: 'method', takes: 'NAME', doc: `The unlearning method: ${Object.keys(UNLEARNERS).join(', ')}.` } as const;

/** The method that `--method` names. */
export function methodNamed(name: string | undefined): Unlearner {
  const names = Object.keys(UNLEARNERS);
  if (name === undefined) throw new UsageError(`--method is missing; there are ${names.join(', ')}`);
  if (!Object.hasOwn(UNLEARNERS, name))
    throw new UsageError(`--method expected one of ${names.join(', ')}; got ${JSON.stringify(name)}${didYouMean(name, names)}`);
  return UNLEARNERS[name as UnlearnerName];
}

export function methodOptions(peek: Peek): OptionSet | undefined {
  const name = peek('method');
  return name === undefined ? undefined : { what: `method ${name}`, specs: methodNamed(name).options };
}

/** Where no method is named: a store chooses one, and goes on to a stage. */
const STAGES: OptionSet = {
  what: 'STORE, where no method is named',
  specs: { stage: word('c', ['a', 'b', 'c'], 'Where als ends: a the rows that are touched, b a few iterations, c the optimum.') },
};

async function requested({ args }: Context): Promise<ForgetRequest> {
  const request = await requestOf(args);
  if (!request) throw new UsageError('nothing to forget was named; use --users, --items, --interactions or --modality');
  return request;
}

export const forget: Command = {
  name: 'forget',
  summary: 'Make a model forget users, items, interactions or a modality.',
  usage: 'MODEL DATA|STORE [--out NEWMODEL] --users A,B … [--method NAME] [its options]',
  operands: [1, 2],
  flags: [
    { ...METHOD_FLAG, doc: `${METHOD_FLAG.doc} By default the one for the kind of model.` },
    { name: 'out', takes: 'NEWMODEL', doc: 'The file to write; MODEL stays as it is.' },
    { name: 'later', doc: 'Of a STORE: suppress now, and leave the work to `lethe converge`.' },
    WAIT_FLAG,
    ...REQUEST_FLAGS,
    {
      name: 'retain-out',
      takes: 'FILE',
      doc: 'Also write the interactions that remain, with the parts of the split, as .inter; compressed where FILE ends in .gz.',
    },
    {
      name: 'positions',
      takes: 'WHERE',
      default: 'compacted',
      doc: 'Where ids stand in NEWMODEL: compacted, as in a model of the retained data alone; kept, with a hole where somebody was.',
    },
    { ...ON_FLAG, doc: 'Forget on Spark, by retrain or unlearn-als, to the same bytes: an address as in `lethe train`.' },
    ...SPARK_FLAGS,
    ...DATA_FLAGS,
  ],
  notes: 'A STORE is changed in its place: suppressed at once, then forgotten. --method has a default by kind.',
  options: (peek) => methodOptions(peek) ?? STAGES,
  async run(context) {
    const { args, terminal, signal } = context;
    const [modelPath, dataPath] = args.operands;
    if (dataPath === undefined) return forgetInStore(context, await requested(context));
    if (args.has('later')) throw new UsageError('--later is for a STORE');
    if (args.has('method')) methodNamed(args.text('method'));
    const out = args.required('out');
    const retainOut = args.text('retain-out');
    const request = await requested(context);
    if (args.has('on')) return forgetOnSpark(context, methodNamed(args.text('method') ?? defaultMethod(als)).name, request);
    await requireWritable('--out', out);
    if (retainOut !== undefined) await requireWritable('--retain-out', retainOut);
    const model = await readModel(modelPath);
    const asked = args.text('method');
    const method = asked === undefined ? methodFor(model, terminal) : methodNamed(asked);
    const parts = trainedData(model, await openData(context, dataPath, model));
    const positions = args.oneOf('positions', ['compacted', 'kept'] as const);
    const {
      model: unlearned,
      data: retained,
      heldOut,
      partition,
      report,
    } = await forgetRequest(model, parts.train, request, {
      method,
      options: args.options(),
      ignoreUnknown: args.on('ignore-unknown'),
      signal,
      onProgress: terminal.progress,
      threads: args.threads,
      ...(positions && { positions }),
      heldOut: { validation: parts.validation, test: parts.test, unseen: parts.unseen },
    });
    notePassedOver(terminal, partition.unknown, request);
    const retainText = retainOut === undefined ? [] : [[retainOut, partsFile(retainOut, retained, heldOut)] as const];
    await saveModel(out, unlearned, new Map<string, FileContent>(retainText));
    const { note } = report;
    if (typeof note === 'string') terminal.note(note);
    const { seconds, method: _, exactness, forgotten, unknown: __, ...details } = report;
    terminal.result(
      { ...report, ...(asked === undefined && { methodByDefault: true }), out, ...(retainOut !== undefined && { retainOut }) },
      fields([
        ['method', `${method.name} (${exactness})`],
        ['forgotten', forgottenText(forgotten)],
        ['time', secondsText(seconds)],
        ...Object.entries(details)
          .filter(([name, value]) => name !== 'note' && value !== undefined)
          .map(([name, value]) => [name, typeof value === 'object' && value !== null ? JSON.stringify(value) : value] as const),
        ['saved', out],
        ...(retainOut === undefined ? [] : [['retained data', retainOut] as const]),
      ]),
    );
  },
};

/** The method for a kind of model where none is named: said, since methods differ in what they promise. */
function methodFor({ kind }: Model, terminal: Terminal): Unlearner {
  const method = UNLEARNERS[defaultMethod(kind)];
  terminal.note(`--method is not given: ${method.name} (${method.exactness}) is the one for models of kind "${kind.name}"`);
  return method;
}

/** Says what the request names and nobody has, with the first of each. */
function notePassedOver(terminal: Terminal, { users, items, interactions }: UnknownIds, request: ForgetRequest): void {
  const tell = (what: string, unknown: readonly string[], asked: number | undefined): void => {
    if (unknown.length > 0)
      terminal.note(
        `passed over ${unknown.length} of ${asked} ${what} that are in no part of the data: ` +
          `${unknown[0]}${unknown.length > 1 ? ', …' : ''}`,
      );
  };
  tell(
    'users',
    users.map((id) => JSON.stringify(id)),
    request.users?.length,
  );
  tell(
    'items',
    items.map((id) => JSON.stringify(id)),
    (request.items?.length ?? 0) + (request.modality?.items?.length ?? 0),
  );
  tell(
    'interactions',
    interactions.map(([user, item]) => `user ${JSON.stringify(user)} with item ${JSON.stringify(item)}`),
    request.interactions?.length,
  );
}

/** All parts as `.inter`, with the parts where there is a split: one drawn anew from fewer rows could differ. */
export function partsFile(path: string, retained: Dataset, { validation, test, unseen }: HeldOut): FileContent {
  const { split } = retained;
  const whole = split.rule === 'all' && !split.unseen;
  const bytes = interChunks(whole ? retained : joinParts({ train: retained, validation: validation!, test: test!, unseen: unseen! }));
  return path.endsWith('.gz') ? Readable.from(bytes).pipe(createGzip()) : bytes;
}
