// The command line of bench:peers.
import { parseArgs } from 'node:util';
import { ROWS, type Row } from './jobs.ts';

export interface PeerOptions {
  readonly list: boolean;
  readonly rows: readonly Row[];
  readonly threads: number;
  /** Whether each row is measured a second time, with ours on the fast kernels: a row of its own. */
  readonly fast: boolean;
  readonly rounds?: number;
  /** `newest`, or the path of a Node; default the one that runs this. */
  readonly node?: string;
  /** Where peers and data are kept between runs. */
  readonly folder?: string;
  readonly json?: string;
  readonly publish: boolean;
}

/**
 * @param only names of rows or beginnings of names, with commas between.
 * @throws RangeError that names what is wrong and what is known.
 */
export function argumentsOf(args: readonly string[]): PeerOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      list: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      publish: { type: 'boolean', default: false },
      only: { type: 'string' },
      threads: { type: 'string', default: '1' },
      kernels: { type: 'string', default: 'default' },
      rounds: { type: 'string' },
      node: { type: 'string' },
      folder: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const { list, quick, publish, only, node, folder, json, kernels } = values;
  if (kernels !== 'default' && kernels !== 'fast')
    throw new RangeError(`"--kernels" expected default or fast, got ${JSON.stringify(kernels)}`);
  const words = only?.split(',');
  for (const word of words ?? []) {
    if (!ROWS.some(({ name }) => name.startsWith(word) && word !== ''))
      throw new RangeError(`"--only" expected names of rows, got ${JSON.stringify(word)}; --list prints them`);
  }
  const rows = ROWS.filter((row) => (words ? words.some((word) => row.name.startsWith(word)) : !quick || row.quick));
  return {
    list,
    rows,
    publish,
    node,
    fast: kernels === 'fast',
    folder,
    json,
    threads: whole('--threads', values.threads, 64),
    ...(values.rounds !== undefined && { rounds: whole('--rounds', values.rounds, 1000) }),
  };
}

function whole(name: string, text: string, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw new RangeError(`"${name}" expected an integer from 1 to ${max}, got ${JSON.stringify(text)}`);
  return value;
}
