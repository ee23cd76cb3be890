/** `?wait=`: how long a client wants to wait for a holder or an outcome. */

import { formatDuration, parseDuration } from '../../node/async/duration.ts'
import { problemError } from './problem.ts'

/**
 * In ms; undefined without `?wait=`.
 *
 * @throws {ProblemError} 400, for a text that is no duration, or one over the limit
 */
export function waitOf(query: URLSearchParams, maxWaitMs: number): number | undefined {
  const text = query.size === 0 ? null : query.get('wait')
  if (text === null) return undefined
  const waitMs = parseDuration(text)
  if (waitMs !== undefined && waitMs <= maxWaitMs) return waitMs
  throw problemError(
    400,
    'ERR_BAD_OPTION',
    `Cannot wait for ${JSON.stringify(text.slice(0, 40))}: expected a time such as 30s or 500ms, at most ${formatDuration(maxWaitMs)}.`,
  )
}
