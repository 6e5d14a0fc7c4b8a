// The one holder of the model: a Durable Object, so that there is exactly one, deletions come in an order, and what was
// forgotten stays forgotten after a restart.
import { digest, forget, recommend, similarItems } from 'lethe';
import { unlearnAls } from 'lethe/unlearn-als';
import { assemble, blocksWith, partsOf, unpack } from './state.mjs';

const PIECE = 1 << 20; // below the 2 MB that one row of a table may have

export class Recommender {
  #storage;
  /** { model, data, digest }: replaced as a whole, so that nobody ever sees half of a deletion. */
  #state;
  #loaded;
  /** Tail of the queue of changes. */
  #changes = Promise.resolve();

  constructor(ctx) {
    this.#storage = ctx.storage;
    this.#storage.sql.exec('CREATE TABLE IF NOT EXISTS parts (part INTEGER, piece INTEGER, bytes BLOB, PRIMARY KEY (part, piece))');
  }

  /** Requests come from worker.mjs, which has checked them: { action, … } as JSON, or a packed model. */
  async fetch(request) {
    await (this.#loaded ??= this.#load());
    try {
      if (request.method === 'PUT')
        return await this.#inOrder(async () => this.#replace(await unpack(new Uint8Array(await request.arrayBuffer()))));
      return await this.#answer(await request.json());
    } catch (error) {
      // Unknown ids are DataError, values out of range RangeError, wrong options TypeError: all the caller's doing.
      if (error.name === 'DataError') return reply(404, { error: error.message });
      if (['RangeError', 'TypeError', 'ModelError'].includes(error.name)) return reply(400, { error: error.message });
      throw error;
    }
  }

  async #answer({ action, user, item, k, request, options }) {
    if (action === 'health') return reply(200, this.#health());
    if (!this.#state) return reply(503, { error: 'no model yet; PUT /model' });
    const { model, data } = this.#state;
    if (action === 'recommend') return reply(200, { user, items: recommend(model, user, { k, data }), digest: this.#state.digest });
    if (action === 'similar') return reply(200, { item, items: similarItems(model, item, { k }) });
    return this.#inOrder(() => this.#forget(request, options));
  }

  /** Changes happen one after the other; a failed one does not hold up the next. */
  #inOrder(change) {
    const done = this.#changes.then(change);
    this.#changes = done.catch(() => {});
    return done;
  }

  async #forget(request, options) {
    const { model, data, digest: digestBefore } = this.#state; // as the change before left it
    const done = await forget(model, data, request, { method: unlearnAls, options: { local: true, ...options }, digests: false });
    const answer = await this.#replace(done, { ...done.report, digestBefore }, blocksWith(done.partition.entries, data.userItems));
    const { indices, data: values } = data.userItems;
    if (done.data.userItems.indices !== indices) release(indices, values);
    return answer;
  }

  /** Stored first, then shown: an answer never tells of what a restart would undo. @param changed blocks; default all. */
  async #replace({ model, data }, report, changed) {
    const state = { model, data, digest: await digest(model) };
    data.fingerprint(); // counted now, so that the first deletion need not
    const parts = await partsOf(state, changed);
    this.#storage.transactionSync(() => {
      const { sql } = this.#storage;
      if (!changed) sql.exec('DELETE FROM parts');
      for (const [part, bytes] of parts) {
        sql.exec('DELETE FROM parts WHERE part = ?', part);
        for (let n = 0; n * PIECE < bytes.length; n++)
          sql.exec('INSERT INTO parts VALUES (?, ?, ?)', part, n, bytes.subarray(n * PIECE, (n + 1) * PIECE));
      }
    });
    release(...parts.values());
    this.#state = state;
    return reply(200, { ...(report && { report: { ...report, digestAfter: state.digest } }), digest: state.digest, ...this.#counts() });
  }

  async #load() {
    if (this.#storage.sql.exec('SELECT part FROM parts LIMIT 1').toArray().length === 0) return;
    const { model, data } = await assemble(this.#storedParts());
    data.fingerprint();
    this.#state = { model, data, digest: await digest(model) };
  }

  *#storedParts() {
    for (let part = 0; ; part++) {
      const pieces = this.#storage.sql.exec('SELECT bytes FROM parts WHERE part = ? ORDER BY piece', part).toArray();
      if (pieces.length === 0) return;
      yield whole(pieces.map(({ bytes }) => new Uint8Array(bytes)));
    }
  }

  #counts() {
    const { model, data } = this.#state;
    return { users: model.users.live, items: model.items.live, interactions: data.interactions };
  }

  #health() {
    if (!this.#state) return { status: 'empty' };
    return { status: 'ready', digest: this.#state.digest, ...this.#counts(), linearMemoryBytes: this.#state.model.memoryBytes };
  }
}

export const reply = (status, body, headers = {}) => Response.json(body, { status, headers });

function whole(pieces) {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/**
 * Gives the memory of arrays back at once. The collector lets tens of megabytes of them gather before it looks, which is
 * much of what an edge worker has; nobody may read them any more.
 */
function release(...arrays) {
  for (const { buffer } of arrays) buffer.transfer(0);
}
