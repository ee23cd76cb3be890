/** Reads the fields of a form that a page sends. */

import { readBoundedBody } from './bounded-body.ts'
import { ProblemError, problemError } from './problem.ts'

/** @throws {ProblemError} 413, 415 */
export async function readFormFields(request: Request, maxBytes: number): Promise<URLSearchParams> {
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) {
    throw problemError(415, 'ERR_BAD_REQUEST', 'Only the form of the page sends to this address.')
  }
  const bytes = await readBoundedBody(request, maxBytes, () => tooLarge(maxBytes))
  return new URLSearchParams(new TextDecoder().decode(bytes))
}

function tooLarge(maxBytes: number): ProblemError {
  return new ProblemError({
    status: 413,
    code: 'ERR_TOO_LARGE',
    message: `A form has at most ${maxBytes} bytes.`,
    headers: { connection: 'close' }, // the rest of the body is not read, so the connection cannot go on
  })
}
