/** Plain text answers, for operators and their programs. */

import { OWN_DATA_HEADERS } from './security-headers.ts'

export function plainAnswer(body: string, status: number, parameters = ''): Response {
  return new Response(body, { status, headers: { ...OWN_DATA_HEADERS, 'content-type': `text/plain${parameters}; charset=utf-8` } })
}

export function healthAnswer(isStopping: boolean): Response {
  return isStopping ? plainAnswer('stopping\n', 503) : plainAnswer('ok\n', 200)
}
