// The table of the kernel bench over runtimes. Knows nothing of how it was measured.

/** Median milliseconds of each entry in the first runtime that has it, and every runtime's speed against it: 1 is as fast. */
export function speeds(runtimes) {
  const names = [...new Set(runtimes.flatMap(({ stages }) => stages.map(({ stage }) => stage)))];
  const base = runtimes[0];
  const rows = names.map((stage) => {
    const of = ({ stages }) => stages.find((one) => one.stage === stage)?.milliseconds?.median;
    const own = of(base);
    return { stage, milliseconds: own, ratios: runtimes.map((runtime) => own / of(runtime)) };
  });
  const mean = runtimes.map((_, r) => {
    const known = rows.map(({ ratios }) => ratios[r]).filter((ratio) => ratio > 0 && Number.isFinite(ratio));
    return known.length === 0 ? NaN : Math.exp(known.reduce((sum, ratio) => sum + Math.log(ratio), 0) / known.length);
  });
  return { rows, mean };
}

const known = (value) => value > 0 && Number.isFinite(value);
const threeDigits = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const digits = (value) => (known(value) ? threeDigits(value) : '–');
const ratio = (value) => (known(value) ? value.toFixed(2) : '–');

/** @param runtimes [{ name, version, stages, missing }], the one to compare with first. @returns Markdown. */
export function speedTable(runtimes) {
  const { rows, mean } = speeds(runtimes);
  const head = ['kernel · size', `${runtimes[0].name} ms`, ...runtimes.slice(1).map(({ name }) => name)];
  const note = ({ version, missing }) => (missing ? 'missing' : version);
  const lines = [
    ['version', note(runtimes[0]), ...runtimes.slice(1).map(note)],
    ...rows.map(({ stage, milliseconds, ratios }) => [stage, digits(milliseconds), ...ratios.slice(1).map(ratio)]),
    ['geometric mean', '', ...mean.slice(1).map(ratio)],
  ];
  const widths = head.map((text, c) => Math.max(text.length, ...lines.map((line) => line[c].length)));
  const line = (cells) => `| ${cells.map((text, c) => text.padEnd(widths[c])).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...lines.map(line)].join('\n');
}
