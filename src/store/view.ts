// One user's list out of a store that is not read as a whole: the user's row, the items' side of the model, one block of interactions.
import { utf8 } from '../base/host.ts';
import { Dataset } from '../data/dataset.ts';
import { IdTable } from '../data/ids.ts';
import { BilinearModel } from '../model/bilinear.ts';
import type { Model, SavedParameter } from '../model/model.ts';
import { savedParameter } from '../model/model.ts';
import type { Head } from './head.ts';
import { kindNamed } from './registries.ts';
import { BLOCK_USERS, readRowBlock } from './row-blocks.ts';
import { readAs, readSealed } from './sealed.ts';
import { KEY, pieceRows, readIds, readParameter, readTitles } from './state.ts';
import type { Storage } from './storage.ts';
import { BLOCK_TEXTS, placeOf, textBlocks } from './text-blocks.ts';

/** A model and its data, as far as one user's list needs them: over a table of that user alone. */
export interface UserView {
  readonly model: Model;
  readonly data: Dataset;
}

/** The position of a user, found without making texts of all ids; −1. */
export async function positionOfUser(storage: Storage, head: Head, user: string): Promise<number> {
  const wanted = utf8(user);
  for (let block = 0; block < textBlocks(head.users); block++) {
    const place = await readAs(storage, KEY.users(block), (content) => placeOf(content, wanted));
    if (place >= 0) return block * BLOCK_TEXTS + place;
  }
  return -1;
}

/** The items' side of a store: read once, good for every user until something changes. */
export class ItemSide {
  readonly #storage: Storage;
  readonly #head: Head;
  readonly #items: IdTable;
  readonly #titles: Map<number, string>;
  readonly #parameters: ReadonlyMap<string, SavedParameter>;

  private constructor(storage: Storage, head: Head, items: IdTable, titles: Map<number, string>, own: ReadonlyMap<string, SavedParameter>) {
    this.#storage = storage;
    this.#head = head;
    this.#items = items;
    this.#titles = titles;
    this.#parameters = own;
  }

  static async read(storage: Storage, head: Head): Promise<ItemSide> {
    const items = await readIds(storage, KEY.items, head.items);
    const parameters = new Map<string, SavedParameter>();
    const { capabilities } = kindNamed(head.model.kind, storage.name);
    // Models of rows are served by these alone; networks keep what they were trained to beside them.
    for (const [at, { name }] of head.model.parameters.entries())
      if (!capabilities.includes('factors') || name === 'itemFactors') parameters.set(name, await readParameter(storage, head, at));
    return new ItemSide(storage, head, items, await readTitles(storage, head), parameters);
  }

  /** @param user the position of the id. */
  async of(id: string, user: number): Promise<UserView> {
    const users = IdTable.of([id]);
    const { split, reading } = this.#head;
    const block = Math.floor(user / BLOCK_USERS);
    const { userItems } = await readAs(this.#storage, KEY.rows('train', block), (content) => readRowBlock(content, this.#head.items));
    const [from, to] = [userItems.indptr[user % BLOCK_USERS], userItems.indptr[(user % BLOCK_USERS) + 1]];
    const row = {
      rows: 1,
      cols: this.#head.items,
      indptr: Int32Array.of(0, to - from),
      indices: userItems.indices.slice(from, to),
      data: userItems.data.slice(from, to),
    };
    const data = new Dataset({ users, items: this.#items, userItems: row, titles: this.#titles, split, reading });
    return { model: await this.#modelFor(users, user), data };
  }

  async #modelFor(users: IdTable, user: number): Promise<Model> {
    const { kind: name, options, provenance, record } = this.#head.model;
    const kind = kindNamed(name, this.#storage.name);
    const described = { kind, options, provenance, record, users, items: this.#items };
    if (!kind.capabilities.includes('factors')) return kind.restore({ ...described, parameters: this.#parameters });
    const itemFactors = savedParameter({ ...described, parameters: this.#parameters }, 'itemFactors', this.#items.size, this.#width);
    return new BilinearModel({ ...described, itemFactors, userFactors: await this.#rowOf(user) });
  }

  get #width(): number {
    return this.#head.model.parameters.find(({ name }) => name === 'itemFactors')!.cols;
  }

  async #rowOf(user: number): Promise<SavedParameter> {
    const at = this.#head.model.parameters.findIndex(({ name }) => name === 'userFactors');
    const { cols } = this.#head.model.parameters[at];
    const size = pieceRows(cols);
    const piece = await readSealed(this.#storage, KEY.parameter(at, Math.floor(user / size)));
    const begin = (user % size) * cols * 4;
    return { rows: 1, cols, values: new Float32Array(piece.slice(begin, begin + cols * 4).buffer) };
  }
}
