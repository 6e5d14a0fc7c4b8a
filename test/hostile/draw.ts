// The draws of an attack, keyed by the seed and the number of the round: any round can be run again alone.
import { philox } from '../../src/base/random.ts';

export class Draw {
  readonly #seed: number;
  readonly #round: number;
  #drawn = 0;

  constructor(seed: number, round: number) {
    this.#seed = seed;
    this.#round = round;
  }

  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number {
    return Math.floor((philox(this.#round, this.#drawn++, 0, 0, this.#seed, 0)[0] / 4294967296) * end);
  }

  chance(share: number): boolean {
    return this.below(1 << 20) < share * (1 << 20);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}
