/** The body of a request, whole in memory, up to a limit. */

import type { ProblemError } from './problem.ts'

/**
 * @param tooLarge what is thrown for a larger one: before it is read, where its length is told
 * @throws what `tooLarge` makes
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
