// lethe learn: makes a model learn what a file holds; the given files stay as they are.

import { word } from '../../base/options.ts';
import type { Dataset } from '../../data/dataset.ts';
import type { FileContent } from '../../files/whole-files.ts';
import type { Unlearner } from '../../forget/method.ts';
import { trainedData } from '../../forget/trained-data.ts';
import type { Additions } from '../../learn/additions.ts';
import { LEARNERS, type LearnerName } from '../../learn/index.ts';
import { learn as learnAdditions } from '../../learn/learn.ts';
import type { Command, Peek } from '../command.ts';
import { DATA_FLAGS, openData } from '../data.ts';
import { readModel, requireWritable, saveModel } from '../files.ts';
import type { OptionSet } from '../flags.ts';
import { learnInStore } from '../learn-in-store.ts';
import { WAIT_FLAG } from '../store.ts';
import { fields, secondsText } from '../terminal.ts';
import { UsageError } from '../usage.ts';
import { partsFile } from './forget.ts';

function learnerNamed(name: string | undefined): Unlearner {
  const names = Object.keys(LEARNERS);
  if (name === undefined) throw new UsageError(`--method is missing; there are ${names.join(', ')}`);
  if (!Object.hasOwn(LEARNERS, name)) throw new UsageError(`--method expected one of ${names.join(', ')}; got ${JSON.stringify(name)}`);
  return LEARNERS[name as LearnerName];
}

function learnerOptions(peek: Peek): OptionSet | undefined {
  const name = peek('method');
  return name === undefined ? undefined : { what: `method ${name}`, specs: learnerNamed(name).options };
}

/** Where no method is named: a store chooses one, and goes on to a stage. */
const STAGES: OptionSet = {
  what: 'STORE, where no method is named',
  specs: {
    stage: word('a', ['a', 'b', 'c'], 'Where als ends: a the rows that are touched; `lethe converge` goes on later. c the optimum.'),
  },
};

export const learn: Command = {
  name: 'learn',
  summary: 'Make a model learn what a file holds, of old and new users and items.',
  usage: 'MODEL DATA ADDITIONS|STORE ADDITIONS [--method NAME] [--out NEWMODEL] [options of the method]',
  operands: [2, 3],
  flags: [
    { name: 'method', takes: 'NAME', doc: `The method that learns: ${Object.keys(LEARNERS).join(', ')}.` },
    { name: 'out', takes: 'NEWMODEL', doc: 'The file to write; MODEL stays as it is.' },
    {
      name: 'data-out',
      takes: 'FILE',
      doc:
        'Also write all interactions that the model stands for now, with the parts of the split, as .inter; compressed where FILE ends ' +
        'in .gz.',
    },
    WAIT_FLAG,
    ...DATA_FLAGS,
  ],
  options: (peek) => learnerOptions(peek) ?? STAGES,
  notes:
    'A STORE is changed in its place; --method has a default by kind of model. Its ADDITIONS may be NDJSON too (.ndjson, .jsonl, or by ' +
    'the first character of standard input), a line each: {"user":"7","item":"50","value":4,"time":1700000000}, {"user":"new"} or ' +
    '{"item":"51","title":"…","features":{"text":[…]}}.',
  async run(context) {
    const { args, terminal, signal } = context;
    const [modelPath, dataPath, additionsPath] = args.operands;
    if (additionsPath === undefined) return learnInStore(context);
    const method = learnerNamed(args.text('method'));
    const out = args.required('out');
    const dataOut = args.text('data-out');
    await requireWritable('--out', out);
    if (dataOut !== undefined) await requireWritable('--data-out', dataOut);
    const model = await readModel(modelPath);
    const { train, validation, test, unseen } = trainedData(model, await openData(context, dataPath, model));
    const additions = additionsOf(await openData(context, additionsPath, model), train);
    const {
      model: grown,
      data,
      heldOut,
      report,
    } = await learnAdditions(model, train, additions, {
      method,
      options: args.options(),
      signal,
      onProgress: terminal.progress,
      threads: args.threads,
      heldOut: { validation, test, unseen },
    });
    const written = dataOut === undefined ? [] : [[dataOut, partsFile(dataOut, data, heldOut)] as const];
    await saveModel(out, grown, new Map<string, FileContent>(written));
    const { seconds, method: _, exactness, learned, ...details } = report;
    terminal.result(
      { ...report, out, ...(dataOut !== undefined && { dataOut }) },
      fields([
        ['method', `${method.name} (${exactness})`],
        ['learned', `${learned.users} users, ${learned.items} items, ${learned.interactions} interactions, ${learned.changed} changed`],
        ['time', secondsText(seconds)],
        ...Object.entries(details)
          .filter(([, value]) => value !== undefined)
          .map(([name, value]) => [name, typeof value === 'object' && value !== null ? JSON.stringify(value) : value] as const),
        ['saved', out],
        ...(dataOut === undefined ? [] : [['data', dataOut] as const]),
      ]),
    );
  },
};

/** What a file holds, as additions. Titles are taken for items that it names itself. */
function additionsOf(added: Dataset, { times }: Dataset): Additions {
  const { indptr, indices, data } = added.userItems;
  const interactions = Array.from(added.users).flatMap((user) => {
    const row = added.users.indexOf(user);
    return Array.from({ length: indptr[row + 1] - indptr[row] }, (_, n) => {
      const entry = indptr[row] + n;
      const time = times && added.times && { time: added.times[entry] };
      return { user, item: added.items.at(indices[entry])!, value: data[entry], ...time };
    });
  });
  const titles = Object.fromEntries(Array.from(added.titles, ([item, title]) => [added.items.at(item)!, title]));
  const features = Object.fromEntries(
    Array.from(added.features, ([name, { dims, values, present }]) => [
      name,
      Object.fromEntries(
        Array.from(added.items)
          .map((id) => [id, added.items.indexOf(id)] as const)
          .filter(([, item]) => present[item] === 1)
          .map(([id, item]) => [id, values.slice(item * dims, (item + 1) * dims)]),
      ),
    ]),
  );
  return { interactions, titles, features };
}
