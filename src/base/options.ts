// Options of models and methods, declared once: the declaration validates, gives defaults, makes the command line's
// flags and the docs' tables. A model's options type is derived from its declaration.
import * as check from './check.ts';

/** How one option is checked, what it is when absent, and what it means. `Given`: what may be given for it, where that is more. */
export interface Option<T, Given = T> {
  readonly kind: 'integer' | 'number' | 'boolean' | 'word';
  /** Value when absent. */
  readonly default: T;
  readonly doc: string;
  /** The words of a `word` option. */
  readonly words?: readonly string[];
  /** The bounds of a number. */
  readonly bounds?: check.Bounds;
  readonly check: (name: string, value: unknown) => T;
  /** Of types alone: never there at run time. */
  readonly given?: Given;
}

/** Options by name, as a model or a method declares them. */
export type OptionSpecs = Readonly<Record<string, Option<any, any>>>;
export type OptionValue = number | string | boolean | undefined;
/** The values that a declaration describes. */
export type OptionsOf<S extends OptionSpecs> = { readonly [K in keyof S]: S[K] extends Option<infer T, any> ? T : never };
/** What may be given for them: any of them, and names in place of numbers where there are names. Left out, or undefined: the default. */
export type GivenOptions<S extends OptionSpecs> = {
  readonly [K in keyof S]?: (S[K] extends Option<any, infer Given> ? Given : never) | undefined;
};

export const integer = (value: number, bounds: check.Bounds, doc: string): Option<number> => ({
  kind: 'integer',
  default: value,
  doc,
  bounds,
  check: (name, v) => check.integer(name, v, bounds),
});

export const number = (value: number, bounds: check.Bounds, doc: string): Option<number> => ({
  kind: 'number',
  default: value,
  doc,
  bounds,
  check: (name, v) => check.number(name, v, bounds),
});

export const boolean = (value: boolean, doc: string): Option<boolean> => ({ kind: 'boolean', default: value, doc, check: check.boolean });

export const word = <const W extends string>(value: W, words: readonly W[], doc: string): Option<W> => ({
  kind: 'word',
  default: value,
  doc,
  words,
  check: (name, v) => check.oneOf(name, v, words),
});

/** A number that may stay unsaid: the procedure then decides, as its documentation says. */
export const optionalInteger = (bounds: check.Bounds, doc: string): Option<number | undefined> => ({
  kind: 'integer',
  default: undefined,
  doc,
  bounds,
  check: (name, v) => check.integer(name, v, bounds),
});

export const optionalNumber = (bounds: check.Bounds, doc: string): Option<number | undefined> => ({
  kind: 'number',
  default: undefined,
  doc,
  bounds,
  check: (name, v) => check.number(name, v, bounds),
});

/** A word that may stay unsaid. */
export const optionalWord = <const W extends string>(words: readonly W[], doc: string): Option<W | undefined> => ({
  kind: 'word',
  default: undefined,
  doc,
  words,
  check: (name, v) => check.oneOf(name, v, words),
});

/** A number within bounds, or one of the words that stand for numbers; may stay unsaid. */
export const namedNumber = <const N extends string>(
  named: Readonly<Record<N, number>>,
  bounds: check.Bounds,
  doc: string,
): Option<number | undefined, number | N> => ({
  kind: 'word',
  default: undefined,
  doc,
  words: Object.keys(named),
  bounds,
  // the command line brings numbers as text
  check: (name, v) => {
    if (typeof v !== 'string') return check.number(name, v, bounds);
    if (v.trim() !== '' && !Number.isNaN(Number(v))) return check.number(name, Number(v), bounds);
    if (Object.hasOwn(named, v)) return named[v as N];
    throw new RangeError(
      `"${name}" expected ${Object.keys(named).join(', ')} or a number${check.boundsText(bounds)}; got ${check.describe(v)}`,
    );
  },
});

/**
 * Checks given options against their declaration and fills in defaults, in the declaration's order.
 * @throws TypeError for an unknown option or a wrong kind, RangeError for a wrong value.
 */
export function resolveOptions<S extends OptionSpecs>(what: string, specs: S, given: object = {}): OptionsOf<S> {
  check.knownKeys(what, given, Object.keys(specs));
  const values = given as Record<string, unknown>;
  const resolved: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs)) {
    resolved[name] = values[name] === undefined ? spec.default : spec.check(name, values[name]);
  }
  return resolved as OptionsOf<S>;
}

/**
 * A table of options, frozen. It is made by a function, so that one mark at its call (`/* @__PURE__ *\/`) tells bundlers
 * that all of it can go where nobody uses it.
 */
export const declareOptions = <S extends OptionSpecs>(make: () => S): Readonly<S> => Object.freeze(make());

/** Every model's and method's seed. */
export const seed: Option<number> = /* @__PURE__ */ integer(
  1,
  { min: 0, max: 0xffffffff },
  'Seed of every random draw; the same seed gives the same bytes.',
);
