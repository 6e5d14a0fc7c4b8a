// The settings and the requests of results:exact, and what of both is said in tables.

import { keyOf, uniform } from '../../src/base/random.ts';
import type { AlsOptions, Dataset, ForgetRequest } from '../../src/index.ts';

export const RUN = { threads: 2 } as const;

export type Name = 'ml-100k' | 'ml-1m' | 'gowalla';
export type Kind = 'one user' | '1% users' | '1% items' | '1% cells' | '5% cells';

export interface Setting {
  readonly title: string;
  readonly options: Partial<AlsOptions>;
  /** Sweeps that plain ALS is given. */
  readonly sweeps: number;
  /** Gold of another seed beside, for the first kind. */
  readonly otherSeed: boolean;
}

/** What is deleted, each from the same trained model. */
export const KINDS: readonly Kind[] = ['one user', '1% users', '1% items', '1% cells', '5% cells'];
export const IALS = { objective: 'ials', unobservedWeight: 0.3, iterations: 5 } as const;
export const SETTINGS: Readonly<Record<Name, readonly Setting[]>> = {
  'ml-100k': [
    {
      title: 'ials, 32 factors, λ .03 (certifiable)',
      options: { ...IALS, factors: 32, regularization: 0.03, tolerance: 1e-9 },
      sweeps: 100,
      otherSeed: true,
    },
    {
      title: 'ials, 32 factors, λ .015 (best quality)',
      options: { ...IALS, factors: 32, regularization: 0.015, tolerance: 1e-8 },
      sweeps: 100,
      otherSeed: true,
    },
    {
      title: 'implicit, 16 factors, λ 80 (certifiable)',
      options: { factors: 16, regularization: 80, iterations: 5, tolerance: 1e-9 },
      sweeps: 100,
      otherSeed: true,
    },
  ],
  'ml-1m': [
    {
      title: 'ials, 32 factors, λ .015 (certifiable)',
      options: { ...IALS, factors: 32, regularization: 0.015, tolerance: 1e-8 },
      sweeps: 30,
      otherSeed: true,
    },
    {
      title: 'ials, 32 factors, λ .005 (best quality)',
      options: { ...IALS, factors: 32, regularization: 0.005, tolerance: 1e-7 },
      sweeps: 30,
      otherSeed: true,
    },
  ],
  // bounded: its many small communities make the spectrum flat, and the way long where λ is near where the model gains a rank
  gowalla: [
    {
      title: 'ials, 16 factors, λ .06 (certifiable)',
      options: { ...IALS, unobservedWeight: 0.01, factors: 16, regularization: 0.06, tolerance: 1e-7 },
      sweeps: 20,
      otherSeed: true,
    },
    {
      title: 'ials, 32 factors, λ .005 (best quality of 32 factors)',
      options: { ...IALS, unobservedWeight: 0.01, factors: 32, regularization: 0.005, tolerance: 1e-5 },
      sweeps: 20,
      otherSeed: false,
    },
  ],
};

/** What the profile `certifiable` is given. */
export const PROFILES: Partial<Record<Name, { readonly title: string; readonly options: Partial<AlsOptions> }>> = {
  'ml-100k': { title: 'ials, 32 factors', options: { ...IALS, factors: 32 } },
};

/** The request of a kind, drawn by key. */
export function requestOf(data: Dataset, kind: Kind): ForgetRequest {
  const drawn = (id: string, share: number): boolean => uniform(1, 9, keyOf(id)) < share;
  const users = [...data.users].filter((id) => data.itemsOf(data.users.indexOf(id)).length > 0);
  if (kind === 'one user') {
    // one of average activity
    const mean = data.interactions / users.length;
    const size = (id: string): number => data.itemsOf(data.users.indexOf(id)).length;
    return { users: [users.reduce((best, id) => (Math.abs(size(id) - mean) < Math.abs(size(best) - mean) ? id : best))] };
  }
  if (kind === '1% users') return { users: users.filter((id) => drawn(id, 0.01)) };
  if (kind === '1% items') return { items: [...data.items].filter((id) => drawn(id, 0.01)) };
  const share = kind === '1% cells' ? 0.01 : 0.05;
  const interactions: [string, string][] = [];
  for (const user of users)
    for (const item of data.itemsOf(data.users.indexOf(user))) {
      const id = data.items.at(item)!;
      if (drawn(`${user} ${id}`, share)) interactions.push([user, id]);
    }
  return { interactions };
}
