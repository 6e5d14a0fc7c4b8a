import type { Certificate } from '../../src/index.ts';
import type { Standing } from '../../src/least-squares/stationary.ts';
import { spent, timed } from './processor-time.ts';
import { type Cell, note, publish, published, type Section } from './report.ts';

export const text = (value: number): string => value.toExponential(1);
/** σ as its distance from 1, which is what counts. */
export function sigma({ sigma: s }: Certificate): string | null {
  if (s === null) return null;
  return s > 1.0001 ? s.toFixed(4) : `1 + ${text(s - 1)}`;
}

/** Iterations (and Newton products) and seconds at which the residual first was at most each mark. */
export class Marks {
  readonly #started = spent();
  readonly #marks: readonly number[];
  readonly #reached = new Map<number, string>();
  constructor(tolerance: number) {
    this.#marks = [1e-3, 1e-5, tolerance];
  }
  readonly see = ({ residual }: Standing, iteration: number, products = 0): void => {
    for (const mark of this.#marks) {
      if (residual <= mark && !this.#reached.has(mark))
        this.#reached.set(mark, `${iteration}${products > 0 ? ` + ${products}` : ''} · ${(spent() - this.#started).toFixed(1)} s`);
    }
  };
  cells(): (string | null)[] {
    return this.#marks.map((mark) => this.#reached.get(mark) ?? null);
  }
}

export const TABLES = {
  settings: {
    caption: 'Settings',
    keys: 1,
    columns: ['setting', 'NDCG@20', 'recall@20', 'trained', 'relative gradient', 'status', 'σ ≤', 'relative bound', 'certified in'],
  },
  ways: {
    caption: 'The way there: iterations (with Newton: + products) and CPU seconds to a relative gradient of',
    keys: 3,
    columns: ['setting', 'from', 'method', '1e-3', '1e-5', 'the tolerance'],
  },
  stages: {
    caption: 'Stages: relative difference of all scores to gold of the same seed, and time',
    keys: 2,
    columns: ['setting', 'deleted', 'no change', 'stage a', 'stage b', 'stage c', 'gold', 'times faster a · b · c'],
  },
  meeting: {
    caption: 'Where they meet, and what the certificate says',
    keys: 2,
    columns: [
      'setting',
      'deleted',
      'to gold',
      'gold to gold of another seed',
      'status',
      'σ ≤',
      'relative bound',
      'bound',
      'true difference',
      'within',
    ],
  },
  controls: {
    caption: 'What the certificate must refuse',
    keys: 2,
    columns: ['setting', 'model', 'status', 'row furthest off', 'σ ≤', 'relative bound'],
  },
  profile: {
    caption: 'The profile `certifiable`: every regularization that it tried, and the price in NDCG@20 of validation',
    keys: 2,
    columns: ['setting', 'λ', 'NDCG@20', 'status', 'σ ≤', 'relative bound', 'price'],
  },
} as const;

/** A section that grows row by row, so that a run that was ended goes on where it was. */
export class Sheet {
  readonly #name: string;
  readonly #section: Omit<Section, 'tables'>;
  readonly #rows: Map<string, Cell[][]>;
  #seconds: number;
  constructor(name: string, section: Omit<Section, 'tables'>, again: boolean) {
    const before = again ? undefined : published(name);
    this.#name = name;
    this.#section = section;
    this.#seconds = before?.measured.seconds ?? 0;
    this.#rows = new Map(
      Object.entries(TABLES).map(([table, { caption }]) => [
        table,
        (before?.tables.find((other) => other.caption === caption)?.rows ?? []).map((row) => [...row]),
      ]),
    );
  }
  has(table: keyof typeof TABLES, ...key: readonly Cell[]): boolean {
    return this.#rows.get(table)!.some((row) => key.every((cell, c) => row[c] === cell));
  }
  put(table: keyof typeof TABLES, ...rows: readonly (readonly Cell[])[]): void {
    const held = this.#rows.get(table)!;
    for (const row of rows) {
      const at = held.findIndex((other) => row.slice(0, TABLES[table].keys).every((cell, c) => cell === other[c]));
      held.splice(at < 0 ? held.length : at, at < 0 ? 0 : 1, [...row]);
    }
  }
  async measure(what: string, work: () => Promise<void>): Promise<void> {
    note(`${this.#name}: ${what}`);
    this.#seconds += (await timed(work)).seconds;
    const tables = (Object.keys(TABLES) as (keyof typeof TABLES)[]).map((table) => ({
      caption: TABLES[table].caption,
      columns: TABLES[table].columns,
      rows: this.#rows.get(table)!,
    }));
    publish(this.#name, { ...this.#section, tables: tables.filter(({ rows }) => rows.length > 0) }, this.#seconds);
  }
}
