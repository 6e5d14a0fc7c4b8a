// Packages that some formats need and that most users do not: loaded when a file of the format is read, never before, and
// from wherever the program has them. Bundles and pages, where there are no packages by name, hand them in.
import { DataError } from '../base/errors.ts';

/** What readers of binary formats need, by the packages' names: for bundles and pages, where nothing is found by name. */
export interface Packages {
  /** For Parquet. */
  readonly hyparquet?: unknown;
  /** For Parquet that is compressed by something else than Snappy. */
  readonly 'hyparquet-compressors'?: unknown;
  /** For Arrow IPC. */
  readonly 'apache-arrow'?: unknown;
}
export type PackageName = keyof Packages;
export const PACKAGES: readonly PackageName[] = ['hyparquet', 'hyparquet-compressors', 'apache-arrow'];

/**
 * A package, handed in or by its name.
 * @throws DataError that says how to get it.
 */
export async function packageOf<T>(name: PackageName, given: Packages | undefined, format: string, source: string): Promise<T> {
  if (given?.[name] !== undefined) return given[name] as T;
  try {
    // A name that bundlers do not see: they would ask for it from everybody.
    const hidden: string = name;
    return (await import(/* webpackIgnore: true */ /* @vite-ignore */ hidden)) as T;
  } catch (error) {
    const [said] = (error as Error).message.split('\n');
    const key = name.includes('-') ? `'${name}'` : name;
    throw new DataError(
      `${format} is read by the package ${name}, which is not here: npm install ${name}; in a bundle or a page import it yourself ` +
        `and hand it in, as packages: { ${key}: … } (${said})`,
      { source },
    );
  }
}
