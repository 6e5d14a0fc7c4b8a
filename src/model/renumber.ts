// A model seen over other tables: the same ids at other positions, as when it was trained from a file that lacks the rows
// of those whom another model was made to forget. It serves and compares; it is not saved and not made to forget.
import { IdTable } from '../data/ids.ts';
import type { Matrix, SparseRows } from '../wasm/tensor.ts';
import { BilinearModel } from './bilinear.ts';
import type { DenseFactors } from './factor-model.ts';
import type { Model, Ranking, RankRequest } from './model.ts';

/**
 * @param users tables that know every id of the model; their ids that it does not know are empty positions of the view.
 * @returns the model itself where the positions agree already.
 */
export function renumbered(model: Model, users: IdTable, items: IdTable): Model {
  const known = (own: IdTable, wanted: IdTable): IdTable =>
    new IdTable(Array.from({ length: wanted.size }, (_, p) => (own.indexOf(wanted.at(p) ?? '') >= 0 ? wanted.at(p) : null)));
  const fits = (own: IdTable, wanted: IdTable): boolean =>
    own.size === wanted.size && [...own].every((id) => own.indexOf(id) === wanted.indexOf(id));
  if (fits(model.users, users) && fits(model.items, items)) return model;
  const tables = [known(model.users, users), known(model.items, items)] as const;
  return model instanceof BilinearModel ? moved(model, ...tables) : new Renumbered(model, ...tables);
}

/** Rows in their new places; zero where the model does not know the id, as the rows of the forgotten are. */
function moved(model: BilinearModel, users: IdTable, items: IdTable): BilinearModel {
  const { kind, options, provenance, record, userFactors, itemFactors } = model;
  const rows = (factors: Matrix, own: IdTable, wanted: IdTable): DenseFactors => {
    const values = new Float32Array(wanted.size * factors.cols);
    for (const id of wanted) values.set(factors.row(own.indexOf(id)), wanted.indexOf(id) * factors.cols);
    return { rows: wanted.size, cols: factors.cols, values };
  };
  return new BilinearModel({
    kind,
    options,
    provenance,
    record,
    users,
    items,
    userFactors: rows(userFactors, model.users, users),
    itemFactors: rows(itemFactors, model.items, items),
  });
}

class Renumbered implements Model {
  readonly users: IdTable;
  readonly items: IdTable;
  readonly #model: Model;
  readonly #userAt: Int32Array;
  readonly #itemAt: Int32Array;
  /** The view's position of each of the model's items. */
  readonly #viewOf: Int32Array;
  readonly #rows = new WeakMap<SparseRows, SparseRows>();

  constructor(model: Model, users: IdTable, items: IdTable) {
    this.#model = model;
    this.users = users;
    this.items = items;
    const at = (own: IdTable, wanted: IdTable): Int32Array =>
      Int32Array.from({ length: wanted.size }, (_, p) => own.indexOf(wanted.at(p) ?? ''));
    this.#userAt = at(model.users, users);
    this.#itemAt = at(model.items, items);
    this.#viewOf = at(items, model.items);
  }

  get kind(): Model['kind'] {
    return this.#model.kind;
  }
  get options(): Model['options'] {
    return this.#model.options;
  }
  get provenance(): Model['provenance'] {
    return this.#model.provenance;
  }
  get record(): Model['record'] {
    return this.#model.record;
  }
  get parameters(): Model['parameters'] {
    return this.#model.parameters;
  }
  get memoryBytes(): number {
    return this.#model.memoryBytes;
  }
  dispose(): void {
    this.#model.dispose();
  }

  rank({ users, k, exclude, history, allowed }: RankRequest): Ranking {
    const ranking = this.#model.rank({
      users: users.map((u) => this.#userAt[u]),
      k,
      exclude: exclude && this.#own(exclude),
      history: history && this.#own(history),
      allowed: allowed && Uint8Array.from(this.#viewOf, (i) => (i >= 0 ? allowed[i] : 0)),
    });
    return { items: this.#toView(ranking.items), scores: ranking.scores };
  }

  /** Zero where the model does not know the user or the item: as the rows of the forgotten are. */
  scorePairs(users: Int32Array, items: Int32Array, history?: SparseRows): Float32Array {
    const known = Int32Array.from(users.keys()).filter((n) => this.#userAt[users[n]] >= 0 && this.#itemAt[items[n]] >= 0);
    const scores = this.#model.scorePairs(
      known.map((n) => this.#userAt[users[n]]),
      known.map((n) => this.#itemAt[items[n]]),
      history && this.#own(history),
    );
    const all = new Float32Array(users.length);
    known.forEach((n, j) => (all[n] = scores[j]));
    return all;
  }

  similarItems(item: number, k: number): Ranking {
    const { items, scores } = this.#model.similarItems(this.#itemAt[item], k);
    return { items: this.#toView(items), scores };
  }

  #toView(items: Int32Array): Int32Array {
    return items.map((i) => (i >= 0 ? this.#viewOf[i] : -1));
  }

  /** Rows over the model's own positions, ascending; made once for each matrix. */
  #own(rows: SparseRows): SparseRows {
    const made = this.#rows.get(rows);
    if (made) return made;
    const { users, items } = this.#model;
    const indptr = new Int32Array(users.size + 1);
    const indices: number[] = [];
    const data: number[] = [];
    for (let u = 0; u < users.size; u++) {
      const view = this.users.indexOf(users.at(u) ?? '');
      const entries = view < 0 ? [] : Array.from({ length: rows.indptr[view + 1] - rows.indptr[view] }, (_, n) => rows.indptr[view] + n);
      const own = entries
        .filter((e) => this.#itemAt[rows.indices[e]] >= 0)
        .sort((a, b) => this.#itemAt[rows.indices[a]] - this.#itemAt[rows.indices[b]]);
      for (const e of own) {
        indices.push(this.#itemAt[rows.indices[e]]);
        data.push(rows.data[e]);
      }
      indptr[u + 1] = indices.length;
    }
    const own = { rows: users.size, cols: items.size, indptr, indices: Int32Array.from(indices), data: Float32Array.from(data) };
    this.#rows.set(rows, own);
    return own;
  }
}
