/**
 * Spans of time as people write them, in flags, configuration files and queries: `500ms`, `30s`, `1.5m`, `7d`, or several parts from the
 * largest unit to the smallest, `1h30m`. A plain number is seconds.
 */

const UNITS_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const
const AMOUNT = String.raw`\d+(?:\.\d+)?`
/** Each unit at most once, the largest first. */
const FORM = new RegExp(
  `^(?=.)${Object.keys(UNITS_MS)
    .map((unit) => `(?:(?<${unit}>${AMOUNT})${unit})?`)
    .join('')}$`,
)
const SECONDS = new RegExp(`^${AMOUNT}$`)

/** @returns whole milliseconds; undefined for text that is no duration */
export function parseDuration(text: string): number | undefined {
  const { groups } = FORM.exec(SECONDS.test(text) ? `${text}s` : text) ?? {}
  if (groups === undefined) return undefined
  const parts = Object.entries(UNITS_MS).map(([unit, ms]) => Number(groups[unit] ?? 0) * ms)
  const ms = Math.round(parts.reduce((sum, part) => sum + part, 0))
  return Number.isSafeInteger(ms) ? ms : undefined
}

/** In the form that `parseDuration` reads, in one unit: whole days or seconds where that is exact, `7d`, `30s`, else `1500ms`. */
export function formatDuration(ms: number): string {
  if (ms > 0 && ms % UNITS_MS.d === 0) return `${ms / UNITS_MS.d}d`
  return ms % UNITS_MS.s === 0 ? `${ms / UNITS_MS.s}s` : `${ms}ms`
}
