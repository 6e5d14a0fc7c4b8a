// Where two runs of the golden suite part: the one judgement that the tests and the table of runtimes share.
import type { Stage } from './golden.ts';

/** The first stage of one run that differs from the other's; undefined when the runs are equal. */
export function firstDifference(run: readonly Stage[], reference: readonly Stage[]): string | undefined {
  for (let n = 0; n < Math.max(run.length, reference.length); n++) {
    const mine = run[n];
    const theirs = reference[n];
    if (!mine) return `${theirs.stage} is absent`;
    if (mine.stage !== theirs?.stage || mine.digest !== theirs.digest) return mine.stage;
  }
  return undefined;
}

/** The first stage whose digest is on record (stage → digest) and is another now. New stages join the record with the next one. */
export function firstChange(run: readonly Stage[], recorded: Readonly<Record<string, string>>): string | undefined {
  return run.find(({ stage, digest }) => Object.hasOwn(recorded, stage) && recorded[stage] !== digest)?.stage;
}
