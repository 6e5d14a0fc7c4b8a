// Rows that are in two parts at once, where a part must be held out from the other.
import { DataError } from '../base/errors.ts';
import type { Dataset } from './dataset.ts';

/** Rows that were trained on prove nothing. @throws DataError that names one and says how many there are. */
export function requireDisjoint(seen: Dataset, held: Dataset): void {
  let common = 0;
  let first = '';
  for (let user = 0; user < held.userItems.rows; user++) {
    const row = held.itemsOf(user);
    if (row.length === 0) continue;
    const known = seen.itemsOf(user);
    for (let a = 0, b = 0; a < row.length && b < known.length; ) {
      if (row[a] < known[b]) a++;
      else if (row[a] > known[b]) b++;
      else {
        first ||= `user ${JSON.stringify(held.users.at(user))} and item ${JSON.stringify(held.items.at(row[a]))}`;
        common++;
        a++;
      }
    }
  }
  if (common > 0)
    throw new DataError(`expected held-out rows that are no training rows, found ${common} that are both, such as ${first}`, {
      source: held.source,
    });
}
