/** The methods of an address that is only read. */

import { problemError } from './problem.ts'

const ALLOWED_METHODS = 'GET, HEAD, OPTIONS'

/** Answers OPTIONS of an address that is only read: every page may read it. */
export function answerReadOptions(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      allow: ALLOWED_METHODS,
      'access-control-allow-origin': '*',
      'access-control-allow-methods': ALLOWED_METHODS,
      'access-control-allow-headers': '*',
      'access-control-max-age': '86400',
    },
  })
}

/** @throws {ProblemError} 405, for any method but GET and HEAD */
export function requireReadMethod(method: string): void {
  if (method === 'GET' || method === 'HEAD') return
  throw problemError(405, 'ERR_METHOD', `${method} does nothing here: content is read with GET.`, {
    advice: 'To hold content, PUT it to /api/v1/content.',
    headers: { allow: ALLOWED_METHODS },
  })
}
