/** Spans of time as people write them, in flags, configuration files and queries: `500ms`, `30s`, `1.5m`, `1h`, `7d`. A plain number is seconds. */

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, '': 1_000 }
const FORM = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|)$/

/** @returns whole milliseconds; undefined for text that is no duration */
export function parseDuration(text: string): number | undefined {
  const [, amount = '', unit = ''] = FORM.exec(text) ?? []
  const ms = amount === '' ? Number.NaN : Math.round(Number(amount) * (UNITS_MS[unit] ?? Number.NaN))
  return Number.isSafeInteger(ms) ? ms : undefined
}

/** In the form that `parseDuration` reads, in whole seconds where that is exact: `30s`, `1500ms`. */
export function formatDuration(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`
}
