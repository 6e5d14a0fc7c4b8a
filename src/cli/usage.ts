// Wrong usage: the process ends with 2 and a word on where help is.
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
