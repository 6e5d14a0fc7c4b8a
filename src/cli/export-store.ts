// lethe export STORE --out FOLDER: its model and its data as files.
import { join } from 'node:path';
import { joinParts } from '../data/split.ts';
import { serialize } from '../files/serialize.ts';
import type { FileContent } from '../files/whole-files.ts';
import { interChunks } from '../formats/write.ts';
import { digest } from '../model/digest.ts';
import type { Context } from './command.ts';
import { makeFolder, readModel, requireFolder, writeWhole } from './files.ts';
import { storeParts, suppressedItems, suppressedUsers } from './store.ts';
import { count, fields } from './terminal.ts';

export async function exportStore({ args, terminal }: Context): Promise<void> {
  const [path] = args.operands;
  const out = args.required('out');
  await requireFolder('--out', out);
  const model = await readModel(path);
  const { train, validation, test, unseen } = storeParts(model);
  const waiting = suppressedUsers(model).size + suppressedItems(model).length;
  if (waiting > 0) terminal.note(`${count(waiting, 'id')} that are being forgotten are in it still; lethe converge first`);
  const whole = train.split.rule === 'all' && !train.split.unseen;
  const data = whole ? train : joinParts({ train, validation, test, unseen });
  await makeFolder(out);
  const files = [join(out, 'model.lethe'), join(out, 'data.inter')];
  await writeWhole(
    new Map<string, FileContent>([
      [files[0], await serialize(model)],
      [files[1], interChunks(data)],
    ]),
  );
  const result = { model: model.kind.name, users: model.users.live, items: model.items.live, interactions: data.interactions };
  terminal.result({ ...result, digest: await digest(model), out, files }, fields([...Object.entries(result), ['saved', files.join(', ')]]));
}
