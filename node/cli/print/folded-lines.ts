/**
 * Folds equal lines of a log: the first is written at once, those that follow within a window are counted, and the count is written with the
 * last of them when the window ends. While a line goes on repeating, its windows grow.
 */

import { createRecentMap } from '../../async/recent-map.ts'

export const FOLDING_DEFAULTS = {
  /** The first window of a line, in ms. */
  windowMs: 10_000,
  /** The longest window, in ms. */
  longestWindowMs: 600_000,
  /** Different lines whose repetitions are counted at once. */
  maxLines: 256,
}

interface FoldedLine {
  /** The newest of them. */
  fields: Record<string, unknown>
  repeated: number
  windowMs: number
  timer?: ReturnType<typeof setTimeout>
}

/** Lines below the level `warn` tell what has changed, so each counts; but strangers can cause refusals. */
const FOLDED_LEVELS: ReadonlySet<unknown> = new Set(['warn', 'error', 'fatal'])
/** Events that come once for each change, by their facts: a clock, a file that cannot be written. */
const isChange = ({ state, type }: Record<string, unknown>) => state !== undefined || type === 'failing'
const isFolded = (fields: Record<string, unknown>) => !isChange(fields) && (FOLDED_LEVELS.has(fields.level) || fields.msg === 'refused')

/** Their fields are not even read. */
const UNFOLDED = /^\{"level":"(?:debug|trace)"/

/** Durations differ from one to the next where all else is equal. */
const isOfNoMatter = (name: string) => name === 'time' || name === 'ms' || name.endsWith('Ms')

/** @param write takes one line of JSON with its newline */
export function createFoldedLines(write: (line: string) => void, options: Partial<typeof FOLDING_DEFAULTS> = {}) {
  const { windowMs, longestWindowMs, maxLines } = { ...FOLDING_DEFAULTS, ...options }
  const folded = createRecentMap<string, FoldedLine>({
    maxEntries: maxLines,
    order: 'added',
    onEvict: (_, line) => {
      clearTimeout(line.timer)
      writeCount(line)
    },
  })

  function writeCount(line: FoldedLine): void {
    const { fields, repeated } = line
    if (repeated === 0) return
    line.repeated = 0
    write(`${JSON.stringify({ ...fields, repeated, msg: `${fields.msg} (repeated ${repeated} ${repeated === 1 ? 'time' : 'times'})` })}\n`)
  }

  function open(key: string, line: FoldedLine): void {
    line.timer = setTimeout(() => {
      if (line.repeated === 0) return void folded.delete(key)
      writeCount(line)
      line.windowMs = Math.min(2 * line.windowMs, longestWindowMs)
      open(key, line)
    }, line.windowMs)
    line.timer.unref()
  }

  return {
    write(line: string): void {
      const fields = UNFOLDED.test(line) ? undefined : (JSON.parse(line) as Record<string, unknown>)
      if (fields === undefined || !isFolded(fields)) {
        write(line)
        return
      }
      const key = JSON.stringify(Object.entries(fields).filter(([name]) => !isOfNoMatter(name)))
      const known = folded.get(key)
      if (known !== undefined) {
        known.fields = fields
        known.repeated++
        return
      }
      write(line)
      const first = { fields, repeated: 0, windowMs }
      folded.set(key, first)
      open(key, first)
    },
    /** Writes the counts that wait: the log ends. */
    flush(): void {
      for (const [key, line] of [...folded]) {
        clearTimeout(line.timer)
        folded.delete(key)
        writeCount(line)
      }
    },
  }
}
