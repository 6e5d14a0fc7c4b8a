// What counts as a like, for all models and for evaluation. By default a value must be above 0; a rule says otherwise.
// Rows that are no likes are neither trained on nor hits: a dislike that is read as a like is worse than no row.
import * as check from '../base/check.ts';
import { DataError } from '../base/errors.ts';
import { type Dataset, expectDataset } from './dataset.ts';

/** `value>=4`: a column, a comparison, a threshold. */
export interface LikeRule {
  readonly column: string;
  readonly strict: boolean;
  readonly threshold: number;
}

/** The column of a rule that is about the values themselves. */
export const VALUE_COLUMN = 'value';

/**
 * Reads a rule such as `value>=4`, `value>0` or `playtime>=60`.
 * @throws RangeError that shows how one is written.
 */
export function parseLikes(text: string): LikeRule {
  const [, column = '', comparison, number = ''] = String(text).match(/^\s*(.*?)\s*(>=|>)\s*(\S+)\s*$/) ?? [];
  const threshold = Number(number);
  if (column === '' || number === '' || !Number.isFinite(threshold))
    throw new RangeError(`"likes" expected a column, > or >=, and a number, as in value>=4; got ${JSON.stringify(text)}`);
  return { column, strict: comparison === '>', threshold };
}

/** The rule as it is written. */
export const likesText = ({ column, strict, threshold }: LikeRule): string => `${column}${strict ? '>' : '>='}${threshold}`;

/** Whether a number is a like by the rule. */
export const passes = ({ strict, threshold }: LikeRule, value: number): boolean => (strict ? value > threshold : value >= threshold);

/**
 * The rows that are likes, over the same tables; the rule is kept with the data, and with every model trained on them.
 * @param rule about `value`, such as `value>=4`: data in memory have no other columns.
 * @throws RangeError for a rule that is none, or about another column; DataError where no row is a like.
 * @example
 * const liked = likesOf(data, 'value>=4');
 */
export function likesOf(data: Dataset, rule: string): Dataset {
  expectDataset('data', data);
  check.string('likes', rule);
  const parsed = parseLikes(rule);
  if (parsed.column !== VALUE_COLUMN)
    throw new RangeError(
      `"likes" expected a rule about value, as in value>=4, since data in memory have no other column; got ${JSON.stringify(rule)}`,
    );
  const values = data.userItems.data;
  const liked = data.filter((entry) => passes(parsed, values[entry])).withReading({ ...data.reading, likes: rule });
  if (liked.interactions === 0) throw new DataError(`no row is a like by the rule ${rule}`, { source: data.source });
  return liked;
}

/** The rows that count as hits in evaluation: all of data that were filtered by a rule, else those above 0. */
export function likedRows(data: Dataset): Dataset {
  const values = data.userItems.data;
  return data.reading?.likes !== undefined || values.every((value) => value > 0) ? data : data.filter((entry) => values[entry] > 0);
}

/** Nothing to train on is refused for every kind. @throws DataError. */
export function requireInteractions(kind: string, data: Dataset): void {
  if (data.interactions > 0) return;
  const { rule } = data.split;
  const held = rule === 'all' ? '' : `: the split ${rule} leaves none in the train part`;
  throw new DataError(`model "${kind}" needs interactions to train on, found none${held}`, { source: data.source });
}

/**
 * For kinds to which every row is a like.
 * @param elsewhere what else takes such values, for the message.
 * @throws DataError that names the first row whose value says that it is none.
 */
export function requireLikes(kind: string, data: Dataset, elsewhere = ''): void {
  requireInteractions(kind, data);
  if (data.reading?.likes !== undefined) return;
  const { indptr, indices, data: values } = data.userItems;
  const entry = values.findIndex((value) => !(value > 0));
  if (entry < 0) return;
  let user = 0;
  while (entry >= indptr[user + 1]) user++;
  throw new DataError(
    `model "${kind}" takes every row for a like and expected values above 0, found ${values[entry]} for user ` +
      `${JSON.stringify(data.users.at(user))} and item ${JSON.stringify(data.items.at(indices[entry]))}; ` +
      `say what counts as a like with likes: 'value>=…', such as ${suggestion(values)}${elsewhere}`,
    { source: data.source },
  );
}

/** A rule that keeps some rows and not all, where there is one. */
function suggestion(values: Float32Array): string {
  return values.some((value) => value > 0) ? 'value>0' : `value>=${values.reduce((a, b) => Math.max(a, b))}`;
}
