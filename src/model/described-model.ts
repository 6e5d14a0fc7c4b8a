// What models share, whatever they score by: the fields that describe them, and a linear memory of their own.

import { ModelError } from '../base/errors.ts';
import type { OptionValue } from '../base/options.ts';
import type { IdTable } from '../data/ids.ts';
import type { Arena } from '../wasm/memory.ts';
import type { ModelDescription, ModelKind, Provenance } from './model.ts';

export abstract class DescribedModel implements ModelDescription {
  readonly kind: ModelKind;
  readonly options: Readonly<Record<string, OptionValue>>;
  readonly users: IdTable;
  readonly items: IdTable;
  readonly provenance: Provenance;
  readonly record: Readonly<Record<string, unknown>>;

  readonly #arena: Arena;
  #disposed = false;

  constructor(description: ModelDescription, arena: Arena) {
    this.#arena = arena;
    this.kind = description.kind;
    this.options = description.options;
    this.users = description.users;
    this.items = description.items;
    this.provenance = description.provenance;
    this.record = description.record;
  }

  /** @throws ModelError after `dispose`. */
  protected get arena(): Arena {
    if (this.#disposed) throw new ModelError('the model was disposed of: nothing can be asked of it any more');
    return this.#arena;
  }

  get memoryBytes(): number {
    return this.arena.held;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.letGo(this.#arena);
  }
  /** Gives the memory back. */
  protected letGo(arena: Arena): void {
    arena.dispose();
  }
}
