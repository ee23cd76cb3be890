/** A duration as the value of a setting. */

import { parseDuration } from '../../async/duration.ts'
import { MayflyError } from '../../errors.ts'

/** A timer's delay is a signed 32-bit number; Node.js makes a longer one fire at once. */
const MAX_MS = 2 ** 31 - 1

/**
 * @returns whole milliseconds
 * @throws {MayflyError} ERR_BAD_OPTION
 */
export function parseDurationSetting(text: string): number {
  const ms = parseDuration(text.trim())
  if (ms === undefined || ms > MAX_MS) throw new MayflyError('ERR_BAD_OPTION', 'expected a time such as 500ms, 30s or 2m, at most 24 days')
  return ms
}
