/** Tables of `scripts/figures.ts`: the five figures of README.md, and each benchmark's for scripts/README.md. */

import { FIGURES, type FigureTable, HEADLINES, type Headline } from '../figures.ts'
import { code, markdownTable, numberText } from './table.ts'

export function headlineTable(): string {
  const rows = HEADLINES.map((headline) => {
    const { what, table, system, unit, bar, of, isMet } = headline
    const value = numberIn(headline, system)
    const share = of === undefined ? 0 : value / numberIn(headline, of)
    const compared = of === undefined ? '–' : `${share.toFixed(2)} of ${of}`
    const verdict = isMet(value, share) ? 'met' : '**not met**'
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

export function figureTable(name: keyof typeof FIGURES): string {
  const { command, date, columns, rows }: FigureTable = FIGURES[name]
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? numberText(cell) : (cell ?? '–'))))
  return `${code(command)}, ${date}:\n\n${markdownTable(columns, cells)}`
}
