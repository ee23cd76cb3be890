/** A progress bar in one line that is drawn over itself: the part done, the speed, the time left. `output.ts` draws it. */

/** Interval of drawing, in ms: often enough to look alive. Work that is done sooner shows no bar at all. */
export const DRAW_MS = 200
/** The time over which the speed is measured, in ms. */
const SPEED_MS = 5_000
const BAR_WIDTH = 16

export interface ProgressBar {
  /** More bytes are done. */
  advance(bytes: number): void
  /** Removes the line. May be called twice. */
  end(): void
}

interface ProgressBarFacts {
  label: string
  doneBytes: number
  totalBytes: number
  /** Undefined before anything was measured. */
  bytesPerSecond: number | undefined
  /** Width of the terminal, in characters. */
  columns: number
}

interface ProgressBarOptions {
  label: string
  totalBytes: number
  /** Done before it began, in bytes: counts for the bar and not for the speed. */
  doneBytes?: number
  /** Draws the line over the last one. */
  draw(line: string): void
  /** Removes the line. */
  clear(): void
  columns(): number
  /** In ms. */
  now(): number
}

/**
 * Measures a speed over the last seconds. To be asked at regular times.
 *
 * @param doneBytes done before it began: not counted
 */
export function createSpeed(doneBytes: number, now: () => number) {
  /** Oldest first. Bounded: SPEED_MS by the time between two questions. */
  const samples = [{ atMs: now(), doneBytes }]
  return {
    /** In bytes per second; undefined before anything was measured. @param doneBytes in all */
    measure(doneBytes: number): number | undefined {
      const atMs = now()
      samples.push({ atMs, doneBytes })
      while (samples.length > 2 && atMs - (samples[0]?.atMs ?? atMs) > SPEED_MS) samples.shift()
      const oldest = samples[0] ?? { atMs, doneBytes }
      return atMs > oldest.atMs ? ((doneBytes - oldest.doneBytes) * 1_000) / (atMs - oldest.atMs) : undefined
    },
  }
}

export function createProgressBar({ label, totalBytes, doneBytes = 0, draw, clear, columns, now }: ProgressBarOptions): ProgressBar {
  let done = doneBytes
  const speed = createSpeed(doneBytes, now)
  const timer = setInterval(() => {
    draw(formatProgressBar({ label, doneBytes: done, totalBytes, bytesPerSecond: speed.measure(done), columns: columns() }))
  }, DRAW_MS)
  timer.unref()
  return {
    advance(bytes) {
      done += bytes
    },
    end() {
      clearInterval(timer)
      clear()
    },
  }
}

export function formatProgressBar({ label, doneBytes, totalBytes, bytesPerSecond, columns }: ProgressBarFacts): string {
  const part = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes)
  const filled = Math.round(part * BAR_WIDTH)
  const all = [
    `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}]`,
    `${Math.floor(part * 100)}%`.padStart(4),
    `${describeBytes(doneBytes)} of ${describeBytes(totalBytes)}`,
    ...(bytesPerSecond === undefined ? [] : [`${describeBytes(bytesPerSecond)}/s`]),
    ...(bytesPerSecond ? [`${describeSeconds((totalBytes - doneBytes) / bytesPerSecond)} left`] : []),
  ]
  return fitFacts({ label, facts: all, leastFacts: 2, leastLabel: 0, columns })
}

interface FactsLine {
  label: string
  /** The most important ones first. */
  facts: readonly string[]
  /** So many facts, and so many characters of the label, are kept as long as there is room for them. */
  leastFacts: number
  leastLabel: number
  /** Width of the terminal, in characters. */
  columns: number
}

/** A label and facts in a line that does not wrap, since one that does could not be drawn over. */
export function fitFacts({ label, facts, leastFacts, leastLabel, columns }: FactsLine): string {
  const all = [...facts]
  const kept = Math.min(label.length, leastLabel)
  // A fact that is cut would be read as another one: on a narrow terminal the last ones are left out.
  while (all.length > leastFacts && all.join('  ').length + (kept > 0 ? kept + 2 : 0) >= columns) all.pop()
  const line = all.join('  ')
  const room = columns - 1 - line.length - 2
  const name = label.length <= room ? label : room > 1 ? cutTo(label, room) : ''
  return (name === '' ? line : `${name}  ${line}`).slice(0, Math.max(0, columns - 1))
}

/** With a sign where it was cut. */
export function cutTo(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`.slice(0, Math.max(0, columns))
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const

export function describeBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1_024 && unit < UNITS.length - 1) {
    value /= 1_024
    unit++
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}

/** In the form of a clock: 0:07, 12:30, 3:05:00. */
export function describeSeconds(seconds: number): string {
  const whole = Math.ceil(Math.max(0, seconds))
  const two = (value: number) => String(value).padStart(2, '0')
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`
}
