/** Spans of time as people write them: `500ms`, `30s`, `2m`, `1h`; a plain number is seconds, as in the gateway's `?wait=`. */

import { MayflyError } from '../../errors.ts'

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
/** A timer's delay is a signed 32-bit number; Node.js makes a longer one fire at once. */
const LONGEST_MS = 2 ** 31 - 1

/**
 * @returns whole milliseconds
 * @throws {MayflyError} ERR_BAD_OPTION
 */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim())
  const ms = match === null ? Number.NaN : Math.round(Number(match[1]) * (UNITS_MS[match[2] ?? 's'] ?? Number.NaN))
  if (!(ms <= LONGEST_MS)) throw new MayflyError('ERR_BAD_OPTION', 'expected a time such as 500ms, 30s or 2m, at most 24 days')
  return ms
}

/** The same span in the fewest words: whole seconds as `30 s`, else `500 ms`. */
export function describeDuration(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`
}
