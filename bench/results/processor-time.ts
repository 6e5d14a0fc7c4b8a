// What a run costs in processor time: seconds on all its threads, so that other work on the machine does not count.

/** CPU seconds of the process so far. */
export const spent = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

export async function timed<T>(work: () => Promise<T> | T): Promise<{ result: T; seconds: number }> {
  const started = spent();
  const result = await work();
  return { result, seconds: spent() - started };
}
