/** A picture of a run: how many nodes there were, and what part of the finds found their key, over time. */

import type { Moment } from './scenarios.ts'

const WIDTH = 720
const HEIGHT = 300
const MARGIN = 48

/** @returns an SVG document */
export function drawMoments(title: string, moments: readonly Moment[]): string {
  const lastMs = moments.at(-1)?.atMs ?? 1
  const mostNodes = Math.max(1, ...moments.map(({ nodes }) => nodes))
  const x = (atMs: number) => MARGIN + (atMs / lastMs) * (WIDTH - 2 * MARGIN)
  const y = (part: number) => HEIGHT - MARGIN - part * (HEIGHT - 2 * MARGIN)
  const line = (color: string, points: [atMs: number, part: number][]) =>
    `<polyline fill="none" stroke="${color}" stroke-width="2" points="${points.map(([atMs, part]) => `${x(atMs).toFixed(1)},${y(part).toFixed(1)}`).join(' ')}"/>`
  const text = (atX: number, atY: number, words: string, color = '#444', anchor = 'start') =>
    `<text x="${atX}" y="${atY}" fill="${color}" text-anchor="${anchor}">${words}</text>`
  const [blue, red] = ['#1f6feb', '#c2410c']
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(MARGIN, 20, title),
    ...[0, 0.5, 1].map((part) => `<line x1="${MARGIN}" x2="${WIDTH - MARGIN}" y1="${y(part)}" y2="${y(part)}" stroke="#ddd"/>`),
    ...[0, 50, 100].map((part) => text(MARGIN - 6, y(part / 100) + 4, `${part} %`, red, 'end')),
    ...[0, 0.5, 1].map((part) => text(WIDTH - MARGIN + 6, y(part) + 4, `${Math.round(part * mostNodes)}`, blue)),
    ...[0, 0.5, 1].map((part) =>
      text(x(part * lastMs), HEIGHT - MARGIN + 18, `${Math.round((part * lastMs) / 1_000)} s`, '#444', 'middle'),
    ),
    line(
      blue,
      moments.map(({ atMs, nodes }) => [atMs, nodes / mostNodes]),
    ),
    line(
      red,
      moments.flatMap(({ atMs, finds, found }): [number, number][] => (finds === 0 ? [] : [[atMs, found / finds]])),
    ),
    text(MARGIN, HEIGHT - 10, 'finds that found their key', red),
    text(WIDTH - MARGIN, HEIGHT - 10, 'nodes', blue, 'end'),
    '</svg>',
    '',
  ].join('\n')
}
