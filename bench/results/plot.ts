// A line plot as SVG text, without a library: axes, a grid, one line with dots per series, the legend at the right.
const WIDTH = 760;
const HEIGHT = 420;
const LEFT = 70;
const RIGHT = 170;
const TOP = 40;
const BOTTOM = 50;
const COLOURS = ['#0b6e99', '#3a9bc1', '#1b7f5c', '#5bb98c', '#b5541c', '#e08a4f', '#8a2a6b', '#c46aa3'];

export interface Series {
  readonly label: string;
  readonly points: readonly (readonly [number, number])[];
}

export function linePlot(series: readonly Series[], { x, y, title }: { x: string; y: string; title: string }): string {
  const all = series.flatMap((s) => s.points);
  const range = (axis: 0 | 1): [number, number] => {
    const values = [...all.map((p) => p[axis]), 1];
    const low = Math.min(...values);
    const high = Math.max(...values);
    const pad = (high - low) * 0.05 || 0.1;
    return [low - pad, high + pad];
  };
  const [x0, x1] = range(0);
  const [y0, y1] = range(1);
  const px = (v: number): string => (LEFT + ((v - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const py = (v: number): string => (HEIGHT - BOTTOM - ((v - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const ticks = (low: number, high: number): number[] => Array.from({ length: 6 }, (_, i) => low + ((high - low) * i) / 5);
  const text = (at: string, content: string, more = ''): string =>
    `<text ${at} ${more}>${content.replace(/&/g, '&amp;').replace(/</g, '&lt;')}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img" ` +
      `aria-label="${title}">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(`x="${LEFT}" y="22"`, title, 'font-size="14" font-weight="bold"'),
    ...ticks(x0, x1).map(
      (v) =>
        `<line x1="${px(v)}" x2="${px(v)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="#e4e4e4"/>` +
        `${text(`x="${px(v)}" y="${HEIGHT - BOTTOM + 16}"`, v.toFixed(2), 'text-anchor="middle"')}`,
    ),
    ...ticks(y0, y1).map(
      (v) =>
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${py(v)}" y2="${py(v)}" stroke="#e4e4e4"/>` +
        `${text(`x="${LEFT - 8}" y="${py(v)}"`, v.toFixed(2), 'text-anchor="end" dominant-baseline="middle"')}`,
    ),
    `<circle cx="${px(1)}" cy="${py(1)}" r="7" fill="none" stroke="#000" stroke-width="2"/>`,
    text(`x="${px(1)}" y="${Number(py(1)) - 12}"`, 'gold', 'text-anchor="middle" font-weight="bold"'),
    ...series.map(({ points }, s) => {
      const colour = COLOURS[s % COLOURS.length];
      const at = points.map(([a, b]) => `${px(a)},${py(b)}`);
      return (
        `<polyline points="${at.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>` +
        `${at.map((p) => `<circle cx="${p.split(',')[0]}" cy="${p.split(',')[1]}" r="3" fill="${colour}"/>`).join('')}`
      );
    }),
    ...series.map(
      ({ label }, s) =>
        `<line x1="${WIDTH - RIGHT + 16}" x2="${WIDTH - RIGHT + 40}" y1="${TOP + 10 + s * 20}" y2="${TOP + 10 + s * 20}" ` +
        `stroke="${COLOURS[s % COLOURS.length]}" stroke-width="3"/>${text(`x="${WIDTH - RIGHT + 46}" y="${TOP + 14 + s * 20}"`, label)}`,
    ),
    text(`x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 10}"`, x, 'text-anchor="middle"'),
    text(`transform="translate(16 ${HEIGHT / 2}) rotate(-90)"`, y, 'text-anchor="middle"'),
    '</svg>',
    '',
  ].join('\n');
}
