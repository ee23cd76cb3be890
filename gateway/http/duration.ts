/** Lengths of time as people write them in a query: `30s`, `500ms`, `2m`, `1h`, `7d`, or plain seconds. */

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, '': 1_000 }

/** In ms; null for a text that is no length of time. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})(ms|s|m|h|d|)$/.exec(text)
  if (match === null) return null
  const [, digits = '', unit = ''] = match
  return Number(digits) * (UNITS_MS[unit] ?? 0)
}
