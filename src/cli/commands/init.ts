// lethe init: reads, trains, and keeps all of it in one place.
import { DataError } from '../../base/errors.ts';
import { digest } from '../../model/digest.ts';
import { createStore } from '../../store/create.ts';
import { requireSqlite, sqliteStorage } from '../../store/sqlite.ts';
import type { Command } from '../command.ts';
import { onInterrupt, requireFolder } from '../files.ts';
import { isStore, removeStore } from '../store.ts';
import { fields, kernelsLine, kernelsOf, secondsText } from '../terminal.ts';
import { fitted, modelOptions, TRAINING_FLAGS } from './train.ts';

export const init: Command = {
  name: 'init',
  summary: 'Train a model, and keep it with its data in a store that learns and forgets.',
  usage: 'STORE DATA --model NAME [options of the model]',
  operands: [2, 2],
  flags: TRAINING_FLAGS,
  options: modelOptions,
  notes: 'STORE is a folder, which is made. docs/store.md says what lies in it.',
  async run(context) {
    const { args, terminal } = context;
    const [path, dataPath] = args.operands;
    // Before the work: that there is SQLite, and a place for a store.
    await requireSqlite();
    await requireFolder('STORE', path);
    if (isStore(path)) throw new DataError('there is a store already; name another folder', { source: path });
    const { model, parts, data, seconds } = await fitted(context, dataPath);
    const storage = await sqliteStorage(path, { create: true });
    try {
      const { train, validation, test, unseen } = parts;
      await createStore(storage, { model, train, validation, test, unseen });
      onInterrupt(`the store ${path} was made`);
      const result = {
        model: model.kind.name,
        options: model.options,
        users: model.users.live,
        items: model.items.live,
        interactions: train.interactions,
        split: train.split,
        duplicates: data.duplicates,
        seconds,
        digest: await digest(model),
        ...kernelsOf(model),
        event: 0,
        store: path,
      };
      terminal.result(
        result,
        fields([
          ['model', result.model],
          ['users', result.users],
          ['items', result.items],
          ['interactions', result.interactions],
          ['time', secondsText(seconds)],
          ['digest', result.digest],
          ...kernelsLine(model),
          ['store', path],
        ]),
      );
    } catch (error) {
      await storage.close();
      removeStore(path);
      throw error;
    }
    await storage.close();
  },
};
