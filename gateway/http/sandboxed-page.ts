/** Pages without an origin: held pages in their sandbox. Browsers give them the origin `null`. */

import { problemError } from './problem.ts'

/**
 * Refuses a request that would stay open for such a page. All frames of a browser may share its few connections to one host, so that a
 * stranger's page could stop the app around it. A request whose answer its page may not read (`no-cors`) names no origin.
 *
 * @throws {ProblemError} 403
 */
export function refuseSandboxedPage({ headers }: Pick<Request, 'headers'>): void {
  const isStreamNobodyReads = headers.get('sec-fetch-mode') === 'no-cors' && headers.get('accept') === 'text/event-stream'
  if (headers.get('origin') !== 'null' && !isStreamNobodyReads) return
  throw problemError(403, 'ERR_FORBIDDEN', 'Pages without an origin, as held pages are, get no answers here that stay open.')
}
