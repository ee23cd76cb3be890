/**
 * Tables of figures: the five of README.md, and each benchmark's for scripts/README.md. They are made of what `npm run bench -- --write` has
 * written; for a benchmark that was not written yet, of the older ones in `scripts/figures.ts`.
 */

import { readFigures, type WrittenFigures } from '../figures/written.ts'
import { FIGURES, type FigureTable, HEADLINES, type Headline } from '../figures.ts'
import { code, markdownTable, numberText } from './table.ts'

export function headlineTable(): string {
  const figures = readFigures()
  const rows = HEADLINES.map((headline) => {
    const { what, table, system, unit, bar, of, isMet, finding } = headline
    const written = figures[table]?.findings.find((each) => each.what === finding)
    if (written?.bar !== undefined) {
      const compared = of === undefined ? '–' : of
      return [what, written.value, compared, `${written.bar}: ${verdictOf(written.met)}`, code(FIGURES[table].command)]
    }
    const value = numberIn(headline, system)
    const share = of === undefined ? 0 : value / numberIn(headline, of)
    const compared = of === undefined ? '–' : `${share.toFixed(2)} of ${of}`
    const verdict = verdictOf(isMet(value, share))
    return [what, `${numberText(value)} ${unit}`, compared, `${bar}: ${verdict}`, code(FIGURES[table].command)]
  })
  return markdownTable(['what', 'mayfly', 'compared with', 'bar', 'measured by'], rows)
}

/** @throws when the tables have no such row: a headline must be in a table */
function numberIn({ table, column }: Headline, system: string): number {
  const { rows }: FigureTable = FIGURES[table]
  const value = rows.find(([name]) => name === system)?.[column]
  if (typeof value !== 'number') throw new Error(`The figures of ${table} have no number for ${system}`)
  return value
}

const verdictOf = (isMet: boolean | undefined) => (isMet === undefined ? '' : isMet ? 'met' : '**not met**')

/** Tables of the same benchmark as the one named. */
const SECOND_TABLES: readonly string[] = ['read-from-nothing', 'sharing-bars']

export function figureTable(name: keyof typeof FIGURES): string {
  const { command, date, columns, rows: olderRows }: FigureTable = FIGURES[name]
  const figures = readFigures()
  const own = name.split('-')[0] as string
  const written = figures[own]
  if (written !== undefined) return SECOND_TABLES.includes(name) ? '(Above.)' : writtenFigures(own, written)
  // The others, one benchmark for a few rows: those that were written stand by themselves.
  const named = Object.keys(FIGURES)
  const others = name === 'others' ? Object.entries(figures).filter(([each]) => !named.includes(each)) : []
  const isWritten = (benchmark: unknown) => Object.keys(figures).some((each) => code(each) === benchmark)
  const rows = (olderRows as FigureTable['rows']).filter(([benchmark]) => !isWritten(benchmark))
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? numberText(cell) : (cell ?? '–'))))
  const older = rows.length === 0 ? [] : [`${code(command)}, ${date}:\n\n${markdownTable(columns, cells)}`]
  return [...older, ...others.map(([each, figure]) => writtenFigures(each, figure))].join('\n\n')
}

/** All that a benchmark has found: each figure with its bar, and each table. */
export function writtenFigures(name: string, { date, machine, load, findings, tables }: WrittenFigures): string {
  const busy = load > BUSY ? `, on a busy machine (load ${load} for each processor)` : ''
  const judged = findings.map(({ what, value, bar = '', met }) => [what, value, bar, verdictOf(met)])
  return [
    `${code(`npm run bench -- ${name}`)}, ${date},\n${machine}${busy}:`,
    ...(judged.length > 0 ? [markdownTable(['what', 'figure', 'bar', ''], judged)] : []),
    ...tables.map(({ title, columns, rows }) => `${title}:\n\n${markdownTable(columns, rows)}`),
  ].join('\n\n')
}

/** A load for each processor from which on a machine is called busy. */
const BUSY = 0.5
