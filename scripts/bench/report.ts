/**
 * The frame around each benchmark: its title, its tables, what it was held to, and cleaning up. A benchmark that runs by itself prints its
 * summary; one that `scripts/bench.ts` runs hands its findings over, for one summary of all.
 */

import { stripVTControlCharacters } from 'node:util'

/** One figure of the summary. */
export interface Finding {
  bench: string
  what: string
  value: string
  /** The bar of the figure, and whether it was met; missing where there is none. */
  bar?: string
  met?: boolean
  /** The figure as a share of its bar, where both are numbers. */
  ofBar?: number
}

/** A figure in words, which may have a bar in words; or a number, in the spelling of `as`, which may have one bar. */
export type Judged =
  | Pick<Finding, 'what' | 'value' | 'bar' | 'met'>
  | { what: string; reading: number; as(value: number): string; atLeast?: number; atMost?: number; under?: number }

export interface PrintedTable {
  title: string
  columns: string[]
  rows: string[][]
}

/** All that a benchmark has found. */
export interface Findings {
  findings: Finding[]
  tables: PrintedTable[]
}

export interface Bench {
  /** Progress, for people who wait; on standard error. */
  step(text: string): void
  /** A remark between the tables. */
  note(text: string): void
  table(title: string, columns: string[], rows: string[][]): void
  judge(judged: Judged): void
  /** Resources to dispose of when the benchmark ends, however it ends; last in, first out. */
  readonly stack: AsyncDisposableStack
}

/** Runs one benchmark and sets the exit code: 0 when it ran to its end, whatever the figures were. */
export async function runBench(name: string, run: (bench: Bench) => Promise<void>): Promise<void> {
  // Without a handler a signal would skip the exit listeners that end the processes started here.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const startedAtMs = performance.now()
  const findings: Finding[] = []
  const tables: PrintedTable[] = []
  const stack = new AsyncDisposableStack()
  console.log(`\n── ${name} ${'─'.repeat(Math.max(0, 90 - name.length))}`)
  try {
    await run({
      step: (text) => console.error(`  ${text}`),
      note: (text) => console.log(`\n${text}`),
      table(title, columns, rows) {
        tables.push({ title, columns, rows })
        console.log(`\n${title}\n${formatTable(columns, rows)}`)
      },
      judge: (judged) => findings.push({ bench: name, ...findingOf(judged) }),
      stack,
    })
  } catch (error) {
    console.error(`\n${name} failed:`, error)
    process.exitCode = 1
  } finally {
    await stack.disposeAsync()
  }
  console.log(`\n${name} took ${Math.round((performance.now() - startedAtMs) / 1_000)} s`)
  if (process.send === undefined) printSummary(findings)
  else process.send({ findings, tables } satisfies Findings)
  process.disconnect?.()
  // A socket that somebody else keeps open must not keep a benchmark that has ended.
  setImmediate(() => process.exit())
}

export function findingOf(judged: Judged): Omit<Finding, 'bench'> {
  if (!('reading' in judged)) return judged
  const { what, reading, as, atLeast, atMost, under } = judged
  const value = as(reading)
  if (atLeast !== undefined) return { what, value, bar: `≥ ${as(atLeast)}`, met: reading >= atLeast, ofBar: reading / atLeast }
  if (atMost !== undefined) return { what, value, bar: `≤ ${as(atMost)}`, met: reading <= atMost, ofBar: reading / atMost }
  if (under !== undefined) return { what, value, bar: `< ${as(under)}`, met: reading < under, ofBar: reading / under }
  return { what, value }
}

/** How far from its bar a figure is near, as a share of the bar: another run may judge it otherwise. */
const NEAR = 0.1

export const isNear = ({ ofBar }: Finding): boolean => ofBar !== undefined && Math.abs(ofBar - 1) <= NEAR

/** The findings of the first run; those that were near their bar are the middle ones of all runs. */
export function middleFindings(first: readonly Finding[], again: readonly (readonly Finding[])[]): Finding[] {
  return first.map((finding) => {
    if (!isNear(finding)) return finding
    const same = [finding, ...again.flatMap((run) => run.filter(({ what }) => what === finding.what))]
    const middle = same.toSorted((a, b) => (a.ofBar ?? 0) - (b.ofBar ?? 0))[Math.floor((same.length - 1) / 2)] ?? finding
    return { ...middle, value: `${middle.value} (the middle of ${same.length} runs)` }
  })
}

export function printSummary(findings: readonly Finding[]): void {
  const rows = findings.map(({ bench, what, value, bar, met }) => [
    bench,
    what,
    value,
    bar ?? '',
    met === undefined ? '' : met ? 'met' : 'NOT MET',
  ])
  console.log(`\nSummary\n${formatTable(['bench', 'what', 'value', 'bar', ''], rows)}`)
}

/** Columns of numbers are set to the right, columns of words to the left. */
export function formatTable(columns: string[], rows: string[][]): string {
  const isNumeric = columns.map((_, column) => rows.every((row) => /^[\d.,<>≥–-]/.test(row[column] ?? '')))
  const width = columns.map((name, column) => Math.max(...[name, ...rows.map((row) => row[column] ?? '')].map(widthOf)))
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => {
        const space = ' '.repeat((width[column] ?? 0) - widthOf(cell))
        return isNumeric[column] ? space + cell : cell + space
      })
      .join('   ')
      .trimEnd()
  return [line(columns), width.map((count) => '─'.repeat(count)).join('───'), ...rows.map(line)].map((text) => `  ${text}`).join('\n')
}

function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length
}
