// The one holder of the model: a Durable Object, so that there is exactly one, deletions come in an order, and what was
// forgotten stays forgotten after a restart.
import { forget, recommend, similarItems, digest } from 'lethe';
import { unlearnAls } from 'lethe/unlearn-als';
import { pack, unpack } from './state.mjs';

const CHUNK = 120_000; // below the 128 KiB that one stored value may have

export class Recommender {
  #storage;
  /** { model, data, digest }: replaced as a whole, so that nobody ever sees half of a deletion. */
  #state;
  #loaded;
  /** Tail of the queue of changes. */
  #changes = Promise.resolve();

  constructor(ctx) {
    this.#storage = ctx.storage;
  }

  /** Requests come from worker.mjs, which has checked them: { action, … } as JSON, or a packed model. */
  async fetch(request) {
    await (this.#loaded ??= this.#load());
    try {
      if (request.method === 'PUT') return await this.#inOrder(async () => this.#replace(await unpack(new Uint8Array(await request.arrayBuffer()))));
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
    return this.#replace(done, { ...done.report, digestBefore });
  }

  /** Stored first, then shown: an answer never tells of what a restart would undo. */
  async #replace({ model, data }, report) {
    const state = { model, data, digest: await digest(model) };
    data.fingerprint(); // counted now, so that the first deletion need not
    const bytes = await pack(state);
    const chunks = {};
    for (let n = 0; n * CHUNK < bytes.length; n++) chunks[`chunk${n}`] = bytes.slice(n * CHUNK, (n + 1) * CHUNK);
    const names = Object.keys(chunks);
    await this.#storage.transaction(async (storage) => {
      const before = (await storage.get('chunks')) ?? 0;
      for (let n = 0; n < names.length; n += 100) await storage.put(Object.fromEntries(names.slice(n, n + 100).map((name) => [name, chunks[name]])));
      for (let n = names.length; n < before; n++) await storage.delete(`chunk${n}`);
      await storage.put('chunks', names.length);
    });
    this.#state = state;
    return reply(200, { ...(report && { report: { ...report, digestAfter: state.digest } }), digest: state.digest, ...this.#counts() });
  }

  async #load() {
    const count = await this.#storage.get('chunks');
    if (count === undefined) return;
    const chunks = [];
    for (let n = 0; n < count; n += 100) {
      const names = Array.from({ length: Math.min(100, count - n) }, (_, i) => `chunk${n + i}`);
      const found = await this.#storage.get(names);
      chunks.push(...names.map((name) => found.get(name)));
    }
    const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
    const { model, data } = await unpack(bytes);
    data.fingerprint();
    this.#state = { model, data, digest: await digest(model) };
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
