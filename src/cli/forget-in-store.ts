// lethe forget STORE: suppressed at once, then forgotten, then on to the optimum.
import type { OptionValue } from '../base/options.ts';
import type { ForgetReport } from '../forget/forget.ts';
import type { ForgetRequest } from '../forget/request.ts';
import type { Context } from './command.ts';
import { requireStore, withStore } from './store.ts';
import { fields, forgottenText, secondsText } from './terminal.ts';
import { UsageError } from './usage.ts';

/** Flags of `forget MODEL DATA` that a store has no use for. */
const ELSEWHERE = ['out', 'retain-out', 'positions'] as const;

export async function forgetInStore({ args, terminal, signal }: Context, request: ForgetRequest): Promise<void> {
  requireStore(args.operands[0]);
  const wrong = ELSEWHERE.find((flag) => args.has(flag));
  if (wrong) throw new UsageError(`--${wrong} is for MODEL DATA; a store is changed in its place`);
  const { stage = 'c', ...options } = args.options() as { stage?: 'a' | 'b' | 'c' } & Record<string, OptionValue>;
  const method = args.text('method');
  const control = { signal, onProgress: terminal.progress, threads: args.threads };
  const how = { ...(method && { method }), ...(Object.keys(options).length > 0 && { options }), ignoreUnknown: args.on('ignore-unknown') };
  const started = performance.now();
  const result = await withStore(args, async (store) => {
    if (args.on('later')) {
      const { event } = await store.suppress(request, { ...control, ...how });
      return { event: event.number, method: event.way!.method, exactness: null, forgotten: null, pending: true, digest: store.digest };
    }
    const { report } = await store.forget(request, { ...control, ...how });
    if (stage !== 'a') await store.converge({ ...control, stage });
    const { method: by, exactness, forgotten, heldOut } = report as ForgetReport;
    return { event: store.event, method: by, exactness, forgotten, ...(heldOut !== undefined && { heldOut }), digest: store.digest };
  });
  const seconds = (performance.now() - started) / 1000;
  terminal.result(
    { ...result, seconds },
    fields([
      ['event', result.event],
      ['method', `${result.method}${result.exactness ? ` (${result.exactness})` : ''}`],
      ['forgotten', result.forgotten ? forgottenText(result.forgotten) : 'suppressed in every list; `lethe converge` carries it out'],
      ['time', secondsText(seconds)],
      ['digest', result.digest],
    ]),
  );
}
