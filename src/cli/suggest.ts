// "Did you mean": the known word that is nearest to one that is not known.

/** Typing errors that a suggestion forgives: one in four letters, one at least. */
const LETTERS_PER_ERROR = 4;

/** ` (did you mean "recommend"?)`, or nothing where no word is near enough. */
export function didYouMean(word: string, known: Iterable<string>, spelt: (word: string) => string = JSON.stringify): string {
  const found = nearest(word, known);
  return found === undefined ? '' : ` (did you mean ${spelt(found)}?)`;
}

export function nearest(word: string, known: Iterable<string>): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replace(/[-_ ]/g, '');
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / LETTERS_PER_ERROR)) + 1;
  for (const candidate of known) {
    const errors = distance(plain(word), plain(candidate));
    if (errors < least) [best, least] = [candidate, errors];
  }
  return best;
}

/** Letters to insert, remove, replace or exchange with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  let earlier: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const other = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + other);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], earlier[j - 2] + 1);
    }
    [earlier, above] = [above, row];
  }
  return above[b.length];
}
