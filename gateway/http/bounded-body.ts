/** Reads the body of a request into memory, up to a limit. */

import { type ProblemError, problemError } from './problem.ts'

/**
 * @param tooLarge makes the error for a larger body, which is thrown before reading when Content-Length is given
 * @throws the error of `tooLarge`
 */
export async function readBoundedBody(request: Request, maxBytes: number, tooLarge: () => ProblemError): Promise<Uint8Array<ArrayBuffer>> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw tooLarge() // throwing out of the loop cancels the body
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/**
 * The fields of a form that a page sends.
 *
 * @throws {ProblemError} 413, 415
 */
export async function readFormFields(request: Request, maxBytes: number): Promise<URLSearchParams> {
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) {
    throw problemError(415, 'ERR_BAD_REQUEST', 'Only the form of the page sends to this address.')
  }
  const bytes = await readBoundedBody(request, maxBytes, () => tooLarge(maxBytes))
  return new URLSearchParams(new TextDecoder().decode(bytes))
}

function tooLarge(maxBytes: number): ProblemError {
  return problemError(413, 'ERR_TOO_LARGE', `A form has at most ${maxBytes} bytes.`, {})
}
