/** Findings of a benchmark: figures with their bars, those near a bar measured again, and all of it in the documents. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Finding, findingOf, isNear, middleFindings } from '../../scripts/bench/report.ts'
import { times } from '../../scripts/bench/samples.ts'
import { writtenFigures } from '../../scripts/docs/figures.ts'
import { markdownTable } from '../../scripts/docs/table.ts'
import { readFigures } from '../../scripts/figures/written.ts'

const finding = (reading: number, what = 'speed'): Finding => ({
  bench: 'bulk',
  ...findingOf({ what, reading, as: times, atLeast: 2 }),
})

test.each([
  ['at least', { atLeast: 2 }, 2, '≥ 2.00 ×', true],
  ['at least', { atLeast: 2 }, 1.99, '≥ 2.00 ×', false],
  ['at most', { atMost: 2 }, 2, '≤ 2.00 ×', true],
  ['at most', { atMost: 2 }, 2.01, '≤ 2.00 ×', false],
  ['under', { under: 2 }, 1.99, '< 2.00 ×', true],
  ['under', { under: 2 }, 2, '< 2.00 ×', false],
] as const)('figures: %s a bar: %o, %d', (_words, limit, reading, bar, met) => {
  expect(findingOf({ what: 'speed', reading, as: times, ...limit })).toMatchObject({ value: times(reading), bar, met, ofBar: reading / 2 })
})

test('figures: one within a tenth of its bar is near, on either side; one without a bar never is', () => {
  expect([1.79, 1.81, 2, 2.19, 2.21].map((reading) => isNear(finding(reading)))).toEqual([false, true, true, true, false])
  expect(isNear({ bench: 'bulk', ...findingOf({ what: 'speed', reading: 2, as: times }) })).toBe(false)
})

test('figures: of one that was near its bar the middle of all runs counts, with its own verdict; others stay', () => {
  const first = [finding(2.1), finding(9, 'far')]
  const [near, far] = middleFindings(first, [[finding(1.5), finding(1, 'far')], [finding(1.9)]])
  expect(near).toMatchObject({ value: '1.90 × (the middle of 3 runs)', met: false })
  expect(far).toEqual(first[1])
})

test('figures: a written benchmark has each of its figures and tables, its date, and says when the machine was busy', () => {
  const tables = [{ title: '64 MiB', columns: ['system', 'MiB/s'], rows: [['mayfly', '300']] }]
  const written = { date: '2026-11-29', machine: 'Node.js 24', load: 3, findings: [finding(1), finding(3, 'far')], tables }
  const text = writtenFigures('bulk', written)
  expect(text).toContain('`npm run bench -- bulk`, 2026-11-29,\nNode.js 24, on a busy machine (load 3 for each processor):')
  expect(text).toContain('| speed | 1.00 × | ≥ 2.00 × | **not met** |\n| far | 3.00 × | ≥ 2.00 × | met |')
  expect(text).toContain('64 MiB:\n\n| system | MiB/s |\n|---|---|\n| mayfly | 300 |')
  expect(writtenFigures('bulk', { ...written, load: 0.1 })).not.toContain('busy')
})

test('figures: each figure and each table that was written stands in the documents', () => {
  const document = readFileSync(new URL('../../scripts/README.md', import.meta.url), 'utf8')
  for (const { findings, tables } of Object.values(readFigures())) {
    for (const { what, value } of findings) expect(document).toContain(`| ${what} | ${value} |`)
    for (const { title, columns, rows } of tables) expect(document).toContain(`${title}:\n\n${markdownTable(columns, rows)}`)
  }
})
