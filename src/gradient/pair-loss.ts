// What models that learn from observed and drawn pairs share: which loss a pair has, and how its negatives are drawn.

import { declareOptions, integer, number, type OptionsOf, word } from '../base/options.ts';
import { TRAINING } from './gradient-model.ts';
import type { ParameterSet } from './network.ts';
import { noisyLoss, pointwiseLoss } from './ops/noisy.ts';
import { pairwise } from './ops/pairwise.ts';
import { add } from './ops/pointwise.ts';
import { frobenius, sum, sumSquares } from './ops/reduce.ts';
import { gather, rowDot } from './ops/rows.ts';
import { type Batch, SAMPLERS } from './sampling.ts';
import type { Tape, Variable } from './tape.ts';

export const LOSSES = ['bpr', 'bpo', 'nbpo', 'nbpo-exact', 'nbpo-unlogged'] as const;

/** Options of models that rank observed pairs above drawn ones. */
export const RANKING = /* @__PURE__ */ declareOptions(() => ({
  ...TRAINING,
  loss: word(
    'bpr',
    LOSSES,
    'Pairs against drawn pairs (bpr), each by itself (bpo), or each with labels that may be wrong (nbpo and its two simpler forms).',
  ),
  negatives: integer(1, { min: 1, max: 100 }, 'Items drawn against each interaction in an epoch.'),
  sampler: word('uniform', SAMPLERS, 'How these are drawn: all alike, or by how many users have them.'),
  noiseFactors: integer(50, { min: 1, max: 4096 }, 'Width of the rows that say how likely a label is wrong; nbpo only.'),
  noiseRegularization: number(0, { min: 0 }, 'Weight of the penalty on the squares of these rows; nbpo only.'),
}));

/** Rows of noise begin with products near −6: almost no label is doubted until the data say so. */
const NOISE = 5;

/** weight·(mean loss of a batch's pairs with these scores). */
export type PairLoss = (
  tape: Tape,
  batch: Batch,
  positive: Variable,
  negative: Variable,
  weight: number,
  penalised?: readonly Variable[],
  regularization?: number,
) => Variable;

/** The loss that the options name; a noisy one adds its rows to the parameters. */
export function pairLoss(set: ParameterSet, { loss, noiseFactors, noiseRegularization }: OptionsOf<typeof RANKING>): PairLoss {
  if (loss === 'bpr')
    return (_, __, positive, negative, weight, penalised, regularization) =>
      pairwise(positive, negative, weight, penalised, regularization);
  const scale = NOISE / Math.sqrt(noiseFactors);
  const noise =
    loss === 'bpo'
      ? undefined
      : {
          users: set.users('noiseUsers', noiseFactors, () => ({ law: 'oneSided', scale })),
          items: set.items('noiseItems', noiseFactors, () => ({ law: 'oneSided', scale: -scale })),
        };
  return (tape, { users, positives, negatives }, positive, negative, weight, penalised = [], regularization = 0) => {
    const factor = weight / users.length;
    const pairs = [
      [positive, positives, true],
      [negative, negatives, false],
    ] as const;
    const doubt = (items: Int32Array): Variable =>
      rowDot(gather(tape.parameter(noise!.users), users), gather(tape.parameter(noise!.items), items));
    let total = pairs
      .map(([scores, items, observed]) =>
        sum(loss === 'bpo' ? pointwiseLoss(scores, observed) : noisyLoss(loss, scores, doubt(items), observed), factor),
      )
      .reduce(add);
    if (regularization > 0) for (const x of penalised) total = add(total, frobenius(x, (weight * regularization) / x.rows));
    if (noise && noiseRegularization > 0)
      for (const x of [noise.users, noise.items]) total = add(total, sumSquares(tape.parameter(x), (weight * noiseRegularization) / 2));
    return total;
  };
}
