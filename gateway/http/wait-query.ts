/** `?wait=`: how long a client wants to wait for what is not there yet. */

import { formatDuration, parseDuration } from '../../node/async/duration.ts'
import { ProblemError } from './problem.ts'

/**
 * In ms; undefined when nobody asked.
 *
 * @throws {ProblemError} 400, for what is no time and for more than is granted
 */
export function waitOf(query: URLSearchParams, maxWaitMs: number): number | undefined {
  const text = query.size === 0 ? null : query.get('wait')
  if (text === null) return undefined
  const waitMs = parseDuration(text)
  if (waitMs !== undefined && waitMs <= maxWaitMs) return waitMs
  throw new ProblemError({
    status: 400,
    code: 'ERR_BAD_OPTION',
    message: `Cannot wait for ${JSON.stringify(text.slice(0, 40))}: expected a time such as 30s or 500ms, at most ${formatDuration(maxWaitMs)}.`,
  })
}
