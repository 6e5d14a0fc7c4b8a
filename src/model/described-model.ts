// What models share, whatever they score by: the fields that describe them, and a linear memory of their own.

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

  constructor(
    description: ModelDescription,
    protected readonly arena: Arena,
  ) {
    this.kind = description.kind;
    this.options = description.options;
    this.users = description.users;
    this.items = description.items;
    this.provenance = description.provenance;
    this.record = description.record;
  }

  get memoryBytes(): number {
    return this.arena.size;
  }
}
