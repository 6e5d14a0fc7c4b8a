// The one holder of the model: a Durable Object, so that there is exactly one, deletions come in an order, and what was
// forgotten stays forgotten after a restart.
import { digest, forget, recommend, similarItems } from 'lethe';
import { unlearnAls } from 'lethe/unlearn-als';
import { pack, unpack } from './state.mjs';
import { Suppressed } from './suppressed.mjs';

const PIECE = 1 << 20; // below the 2 MB that one row of a table may have

export class Recommender {
  #storage;
  /** { model, data, digest }: replaced as a whole, so that nobody ever sees half of a deletion. */
  #state;
  #loaded;
  /** Tail of the queue of changes. */
  #changes = Promise.resolve();
  /** Another object of this class, which keeps a copy while this one's file is thrown away. */
  #spare;
  #suppressed;

  constructor(ctx, env) {
    this.#storage = ctx.storage;
    this.#spare = env?.RECOMMENDER.get(env.RECOMMENDER.idFromName('the spare one'));
    this.#suppressed = new Suppressed(env?.SUPPRESSION_KEY ?? env?.TOKEN);
    this.#createTable();
  }

  #createTable() {
    this.#storage.sql.exec('CREATE TABLE IF NOT EXISTS parts (part INTEGER, piece INTEGER, bytes BLOB, PRIMARY KEY (part, piece))');
  }

  /** Requests come from worker.mjs, which has checked them: { action, … } as JSON, or a packed model. */
  async fetch(request) {
    if (new URL(request.url).pathname === '/spare') return this.#asSpare(request);
    await (this.#loaded ??= this.#load());
    try {
      if (request.method === 'PUT')
        return await this.#inOrder(async () => this.#put(await unpack(new Uint8Array(await request.arrayBuffer()))));
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

  /** An old state would bring the forgotten back: it is refused, and nothing changes. */
  async #put(state) {
    const back = await this.#suppressed.foundIn(state.data);
    if (back > 0)
      return reply(409, {
        error: `the state holds ${back} users, items or interactions that were forgotten here; train from retained data`,
      });
    return this.#replace(state);
  }

  async #forget(request, options) {
    const { model, data, digest: digestBefore } = this.#state; // as the change before left it
    const settings = { method: unlearnAls, options: { local: true, ...options }, positions: 'kept', digests: false };
    const done = await forget(model, data, request, settings);
    await this.#suppressed.add(request);
    const answer = await this.#replace(done, { ...done.report, digestBefore });
    const { indices, data: values } = data.userItems;
    if (done.data.userItems.indices !== indices) release(indices, values);
    return answer;
  }

  /** Stored first, then shown: an answer never tells of what a restart would undo. */
  async #replace({ model, data }, report) {
    const state = { model, data, digest: await digest(model) };
    data.fingerprint(); // counted now, so that the first deletion need not
    const packed = this.#packed(await pack(state));
    // The database keeps old rows in free pages and in its log, and lets nobody wipe these: the file itself has to go. Until
    // the new one is written the spare object has a copy; if this one ends in between, it begins from there.
    await this.#spare?.fetch('https://recommender/spare', { method: 'PUT', body: packed });
    await this.#rewrite(packed);
    await this.#spare?.fetch('https://recommender/spare', { method: 'DELETE' });
    release(packed);
    this.#state = state;
    return reply(200, { ...(report && { report: { ...report, digestAfter: state.digest } }), digest: state.digest, ...this.#counts() });
  }

  /** The state and what must not come back, as one array: u32 bytes of the list, the list, the state. */
  #packed(state) {
    const list = this.#suppressed.bytes();
    return whole([new Uint8Array(Uint32Array.of(list.length).buffer), list, state]);
  }

  /** Throws the database's file away, with its free pages and its log, and begins another. */
  async #rewrite(packed) {
    const gone = this.#storage.deleteAll();
    if (packed) this.#write(packed);
    await gone;
    await this.#storage.sync();
  }

  #write(packed) {
    this.#createTable();
    this.#storage.transactionSync(() => {
      for (let n = 0; n * PIECE < packed.length; n++)
        this.#storage.sql.exec('INSERT INTO parts VALUES (0, ?, ?)', n, packed.subarray(n * PIECE, (n + 1) * PIECE));
    });
  }

  #stored() {
    const pieces = this.#storage.sql.exec('SELECT bytes FROM parts ORDER BY piece').toArray();
    return pieces.length === 0 ? undefined : whole(pieces.map(({ bytes }) => new Uint8Array(bytes)));
  }

  async #load() {
    let packed = this.#stored();
    if (!packed && this.#spare) {
      const copy = new Uint8Array(await (await this.#spare.fetch('https://recommender/spare')).arrayBuffer());
      if (copy.length === 0) return;
      packed = copy;
      await this.#rewrite(packed);
    }
    await this.#spare?.fetch('https://recommender/spare', { method: 'DELETE' });
    if (!packed) return;
    const [length] = new Uint32Array(packed.slice(0, 4).buffer);
    this.#suppressed.load(packed.slice(4, 4 + length));
    const { model, data } = await unpack(packed.slice(4 + length));
    data.fingerprint();
    this.#state = { model, data, digest: await digest(model) };
  }

  /** What the spare object does: it keeps a copy, gives it back, and throws it away. */
  async #asSpare(request) {
    if (request.method === 'GET') return new Response(this.#stored() ?? new Uint8Array(0));
    await this.#rewrite(request.method === 'PUT' ? new Uint8Array(await request.arrayBuffer()) : undefined);
    return new Response(null, { status: 204 });
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
