/** Reads the body of a request into memory, up to a limit. */

import type { ProblemError } from './problem.ts'

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
