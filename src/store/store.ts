// A recommender that lives: a model, the data that it stands for and the journal of what happened, in one storage, so that nobody
// holds one without the other. Every event is written whole or not at all; after it the state is that before or that after.

import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import type { RunControl } from '../base/run-control.ts';
import type { ForgetRequest } from '../forget/request.ts';
import type { Additions } from '../learn/additions.ts';
import { digest } from '../model/digest.ts';
import { type Recommended, type RecommendOptions, recommend, similarItems } from '../model/recommend.ts';
import { checkedSettings, checkOptions, type EventOptions, type EventResult, type ForgetEventOptions } from './event-options.ts';
import { HEAD, type Head, readHead, type Settings, type Way, writtenHead } from './head.ts';
import { type Action, blanked, eventKey, JOURNAL, namesForgotten, namesIn, readEvent, type StoreEvent, writtenEvent } from './journal.ts';
import { pendingAfter, plainAdditions, plainRequest, type Suppressed, suppressedIn } from './pending.ts';
import { methodNamed, usualMethod } from './registries.ts';
import { sealed } from './sealed.ts';
import { changedBlocks, readState, type StoreState } from './state.ts';
import { type StoreStatus, statusOf } from './status.ts';
import type { Storage } from './storage.ts';
import { ItemSide, positionOfUser } from './view.ts';
import { carriedOut, type Done, headAfter, refuseSuppressed, requireForgettable } from './work.ts';

/** Times that reading is begun anew where another process writes meanwhile. */
const ATTEMPTS = 5;

/** One recommender and its data. Calls that change it wait for each other; readers see the state before or after. */
export class Store {
  readonly #storage: Storage;
  #head: Head;
  #state?: StoreState;
  #items?: ItemSide;
  #last: Promise<unknown> = Promise.resolve();

  constructor(storage: Storage, head: Head, state?: StoreState) {
    this.#storage = storage;
    this.#head = head;
    this.#state = state;
  }

  /** Number of the last event. */
  get event(): number {
    return this.#head.event;
  }
  /** SHA-256 of the model as it is. */
  get digest(): string {
    return this.#head.digest;
  }
  /** Ids that no list shows, and who gets none: promised to be forgotten, and not yet. */
  get suppressed(): Suppressed {
    return suppressedIn(this.#head.pending);
  }

  /** What it holds, what is pending, whether a retrain is due and why. */
  async status(): Promise<StoreStatus> {
    return statusOf(this.#head, await this.#storage.bytes());
  }

  /** The model and all its data, read once. */
  async state(): Promise<StoreState> {
    return (this.#state ??= await this.#consistent((head) => readState(this.#storage, head)));
  }

  /**
   * The best items for a user. Reads what this one list needs, unless all of the store is in memory.
   * @returns an empty list for somebody who is being forgotten. @throws as `recommend` does.
   */
  async recommend(user: string, options: Omit<RecommendOptions, 'data'> = {}): Promise<Recommended[]> {
    check.string('user', user);
    if (this.suppressed.users.has(user)) return [];
    if (!this.#state) {
      const list = await this.#consistent((head) => this.#listFrom(head, user, options));
      if (list) return list;
    }
    const { model, parts } = await this.state();
    if (this.suppressed.users.has(user)) return [];
    return recommend(model, user, { ...options, data: parts.train, exclude: this.#excluding(options) });
  }

  /** Undefined for somebody without rows: what is popular takes all of the data. */
  async #listFrom(head: Head, user: string, options: Omit<RecommendOptions, 'data'>): Promise<Recommended[] | undefined> {
    const position = await positionOfUser(this.#storage, head, user);
    if (position < 0) throw new DataError(`user ${JSON.stringify(user)} is not in the model`);
    this.#items ??= await ItemSide.read(this.#storage, head);
    const { model, data } = await this.#items.of(user, position);
    if (data.interactions === 0) return undefined;
    return recommend(model, user, { ...options, data, exclude: this.#excluding(options) });
  }

  #excluding({ exclude = [] }: Pick<RecommendOptions, 'exclude'>): readonly string[] {
    return [...exclude, ...this.suppressed.items];
  }

  /** The items nearest to an item. @throws DataError for an item that is unknown or is being forgotten. */
  async similar(item: string, options: { readonly k?: number } = {}): Promise<Recommended[]> {
    const { items: gone } = this.suppressed;
    if (gone.has(item)) throw new DataError(`item ${JSON.stringify(item)} is not in the model`);
    const { model, parts } = await this.state();
    const k = check.integer('k', options.k ?? 10, { min: 1 });
    const found = similarItems(model, item, { k: k + gone.size, titles: parts.train.titles });
    return found.filter(({ item: id }) => !gone.has(id)).slice(0, k);
  }

  /**
   * Learns interactions, users, items, titles and features, and writes it down.
   * @throws as `learn` does, with nothing changed; DataError for what names somebody who is being forgotten.
   */
  learn(additions: Additions, options: EventOptions = {}): Promise<EventResult> {
    checkOptions('learn', options);
    return this.#exclusive(() =>
      this.#act({ kind: 'learn', learn: plainAdditions(additions), way: this.#wayFor('learn', options) }, options),
    );
  }

  /**
   * Promises to forget: durable, and suppressed in every list, when this returns. `work` or `converge` carries it out.
   * @throws DataError for unknown ids, and where all of it is being forgotten already; RangeError for nothing and for everything.
   */
  suppress(request: ForgetRequest, options: ForgetEventOptions = {}): Promise<EventResult> {
    checkOptions('suppress', options, ['ignoreUnknown']);
    const ignoreUnknown = check.boolean('ignoreUnknown', options.ignoreUnknown ?? false);
    return this.#exclusive(async () => {
      const plain = plainRequest(request);
      requireForgettable(await this.state(), plain, ignoreUnknown);
      return this.#act({ kind: 'forget', forget: plain, way: this.#wayFor('forget', options) }, options);
    });
  }

  /** Carries out the oldest promise; undefined where there is none. Afterwards nothing in the storage names who was forgotten. */
  work(options: Omit<EventOptions, 'method' | 'options'> = {}): Promise<EventResult | undefined> {
    checkOptions('work', options);
    return this.#exclusive(async () => {
      const [next] = this.#head.pending;
      return next && this.#act({ kind: 'forgotten', of: next.event }, options);
    });
  }

  /** `suppress`, and `work` until it is done. @returns what the work did. */
  async forget(request: ForgetRequest, options: ForgetEventOptions = {}): Promise<EventResult> {
    const { event } = await this.suppress(request, options);
    const { ignoreUnknown: _, method: __, options: ___, ...control } = options;
    for (;;) {
      const done = await this.work(control);
      if (done?.event.of === event.number) return done;
      if (!done) throw new DataError(`event ${event.number} was worked off by somebody else`, { source: this.#storage.name });
    }
  }

  /**
   * Works off what is pending: promises first, then the stages on the way to the optimum.
   * @param options.stage where to end; default c.
   * @returns what was done, an event each; none where nothing was pending.
   */
  async converge(options: Omit<EventOptions, 'method' | 'options'> & { readonly stage?: 'b' | 'c' } = {}): Promise<EventResult[]> {
    checkOptions('converge', options, ['stage']);
    const { stage = 'c', ...control } = options;
    check.oneOf('stage', stage, ['b', 'c']);
    const done: EventResult[] = [];
    for (let next = await this.work(control); next; next = await this.work(control)) done.push(next);
    for (const own of ['b', 'c'] as const) {
      const due = this.#head.stage !== undefined && this.#head.stage < own && own <= stage;
      if (due) done.push(await this.#exclusive(() => this.#act({ kind: 'converge', stage: own }, control)));
    }
    return done;
  }

  /** Brings ids into the order of a fresh reading, without holes, and gives unused room back. */
  async compact(options: Omit<EventOptions, 'method' | 'options'> = {}): Promise<EventResult> {
    checkOptions('compact', options);
    const done = await this.#exclusive(() => this.#act({ kind: 'compact' }, options));
    await this.#storage.compact();
    return done;
  }

  /** Trains anew on the data as they are. */
  retrain(options: Omit<EventOptions, 'method' | 'options'> = {}): Promise<EventResult> {
    checkOptions('retrain', options);
    return this.#exclusive(() => this.#act({ kind: 'retrain' }, options));
  }

  /** Changes how the store learns and forgets where a request does not say. */
  configure(settings: Settings, options: Pick<EventOptions, 'time'> = {}): Promise<EventResult> {
    const checked = checkedSettings(settings);
    return this.#exclusive(() => this.#act({ kind: 'settings', settings: checked }, options));
  }

  /**
   * Does what another store did: its next event, in order, after which both have one digest.
   * @throws DataError for an event out of order or without its content, and where the digests differ (nothing has changed then).
   */
  apply(event: StoreEvent, options: RunControl = {}): Promise<EventResult> {
    const { number, time, digest: expected, counts: _, blanked: lost, ...action } = event;
    return this.#exclusive(async () => {
      const source = this.#storage.name;
      if (number !== this.#head.event + 1)
        throw new DataError(`expected event ${this.#head.event + 1}, got ${number}; apply events in order`, { source });
      if (lost)
        throw new DataError(`event ${number} has lost its content, as it named somebody who was forgotten; begin with a newer copy`, {
          source,
        });
      return this.#act(action, { ...options, time }, expected);
    });
  }

  /** Events from a number on, as they are kept. */
  async *events(from = 1): AsyncGenerator<StoreEvent> {
    for (let number = from; number <= this.#head.event; number++) {
      const event = await readEvent(this.#storage, number);
      if (event) yield event;
    }
  }

  /** Copies all blocks into an empty storage: a backup, or the start of a replica. */
  async copyTo(target: Storage): Promise<Store> {
    if ((await target.read(HEAD)) !== undefined) throw new DataError('there is a store in it already', { source: target.name });
    await this.#exclusive(async () => {
      const blocks = new Map<string, Uint8Array>();
      for (const key of await this.#storage.keys('')) blocks.set(key, (await this.#storage.read(key))!);
      await target.write(blocks);
    });
    return new Store(target, await readHead(target));
  }

  close(): Promise<void> {
    return this.#exclusive(() => this.#storage.close());
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work, work);
    this.#last = next.catch(() => {});
    return next;
  }

  #wayFor(work: 'learn' | 'forget', { method, options }: EventOptions): Way {
    const set = this.#head.settings[work];
    const kept = method === undefined || method === set?.method ? set?.options : undefined;
    const way = { method: method ?? set?.method ?? usualMethod(this.#head.model, work, this.#storage.name), options: options ?? kept };
    methodNamed(way.method);
    return { method: way.method, ...(way.options && { options: way.options }) };
  }

  /** Does it, and writes down what it did, in one go. @param expected the digest that it must lead to. */
  async #act(action: Action, { time = Date.now(), ...rest }: EventOptions, expected?: string): Promise<EventResult> {
    const { method: _, options: __, ignoreUnknown: ___, ...control } = rest as ForgetEventOptions;
    const before = await this.state();
    const head = this.#head;
    const { users, items } = this.suppressed;
    if (action.kind === 'learn') refuseSuppressed(action, users, items);
    const pending = action.kind === 'forgotten' ? head.pending.find(({ event }) => event === action.of) : undefined;
    if (action.kind === 'forgotten' && !pending) throw new DataError(`event ${action.of} is not pending`, { source: this.#storage.name });
    const done = await carriedOut(before, action, pending, control);
    const after = done.state.model === before.model ? head.digest : await digest(done.state.model);
    if (expected !== undefined && after !== expected)
      throw new DataError(`event ${head.event + 1} expected the digest ${expected}, led to ${after}; begin with a newer copy`, {
        source: this.#storage.name,
      });
    const counts = Object.keys(done.counts).length > 0 ? { counts: done.counts } : {};
    const event: StoreEvent = { ...action, number: head.event + 1, time, digest: after, ...counts };
    await this.#commit(before, done, event);
    return { event, report: done.report };
  }

  async #commit(before: StoreState, done: Done, event: StoreEvent): Promise<void> {
    const { pending, forgotten } = pendingAfter(this.#head.pending, event);
    const changes = await changedBlocks(before, done.state);
    const put = async (key: string, content: Uint8Array): Promise<void> => {
      for (const [name, bytes] of await sealed(key, content)) changes.set(name, bytes);
    };
    if (forgotten) {
      const names = namesIn(forgotten);
      for (const key of await this.#storage.keys(JOURNAL)) {
        // Parts of a long event come with it.
        if (key.includes('.')) continue;
        const old = (await readEvent(this.#storage, Number(key.slice(JOURNAL.length))))!;
        if (old.number !== event.of && !namesForgotten(old, names)) continue;
        for (const part of (await sealed(key, writtenEvent(old))).keys()) changes.set(part, null);
        await put(key, writtenEvent(blanked(old)));
      }
    }
    const head: Head = headAfter(this.#head, done, event, pending);
    await put(eventKey(event.number), writtenEvent(event));
    await put(HEAD, writtenHead(head));
    await this.#storage.write(changes);
    this.#head = head;
    this.#state = done.state;
    this.#items = undefined;
  }

  /** What reading finds where nobody writes in between; else it is read anew. */
  async #consistent<T>(read: (head: Head) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const found = await read(this.#head).then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      const now = await readHead(this.#storage);
      if (now.event === this.#head.event || attempt === ATTEMPTS) {
        if ('error' in found) throw found.error;
        return found.value;
      }
      this.#head = now;
      this.#items = undefined;
    }
  }
}
