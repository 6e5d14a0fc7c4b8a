// Lists for many users, one after the other: watched, stopped, and never in other work's way for long.

import { breathe } from '../base/breathe.ts';
import * as check from '../base/check.ts';
import { checkControl, type RunControl } from '../base/run-control.ts';
import { type Team, teamFor } from '../threads/team.ts';
import { usersPerBreath } from './breaths.ts';
import { expectModel, type Model } from './model.ts';
import { listsBy, RECOMMEND_OPTIONS, type Recommended, type RecommendOptions } from './recommend.ts';

/** How long the lists are, what may be on them, and how the work is watched. */
export interface RecommendManyOptions extends RecommendOptions, RunControl {
  /** Threads that are there already, from `openTeam`, in place of `threads`. */
  readonly team?: Team;
}

/** A user's list. */
export interface UserList {
  readonly user: string;
  readonly items: readonly Recommended[];
}

/**
 * The best items for many users, or for all of the model's, as they are found: nothing is held but the lists of a moment.
 * @param users ids, or `'all'`.
 * @throws as `recommend` does; the signal's reason.
 * @example
 * for await (const { user, items } of recommendMany(model, 'all', { k: 10, data: train })) console.log(user, items[0].item)
 */
export async function* recommendMany(
  model: Model,
  users: readonly string[] | 'all',
  options: RecommendManyOptions = {},
): AsyncGenerator<UserList, void, undefined> {
  expectModel('model', model);
  const { signal, onProgress, threads, team, ...own } = options;
  checkControl('recommendMany', options, ['team', ...RECOMMEND_OPTIONS]);
  const ids = users === 'all' ? [...model.users] : check.array('users', users);
  const lists = listsBy(model, own);
  check.aborted(signal);
  const opened = await teamFor({ threads, team });
  try {
    const each = usersPerBreath(model, opened.threads);
    for (let start = 0; start < ids.length; start += each) {
      const block = ids.slice(start, start + each);
      const found = lists(block, opened.team);
      onProgress?.({ phase: 'recommend', done: start + block.length, total: ids.length });
      for (let n = 0; n < block.length; n++) yield { user: block[n], items: found[n] };
      await breathe();
      check.aborted(signal);
    }
  } finally {
    await opened.close();
  }
}
