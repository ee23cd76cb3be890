/** PUT and DELETE of content: this node itself holds what a program gives it, until it is told to stop or stops. */

import { decodeKeyHex, encodeKeyHex, type Peer } from '../node/index.ts'
import type { Access } from './access.ts'
import { ProblemError } from './problem.ts'
import { OWN_DATA_HEADERS } from './security-headers.ts'
import type { Visit } from './types.ts'

export interface ContentApiParts {
  peer: Peer
  access: Access
  /** Origin of the links that are given out; without one, the origin that the request came to. */
  publicUrl?: string
}

export class ContentApi {
  readonly #parts: ContentApiParts

  constructor(parts: ContentApiParts) {
    this.#parts = parts
  }

  /** Holds the request's body. 201 with `{hash, url, size}`. */
  async put(visit: Visit): Promise<Response> {
    const { peer, access, publicUrl } = this.#parts
    const { headers, url } = visit.request
    access.requireMutation(headers, visit.client)
    requireWholeBody(headers)
    const bytes = await readBody(visit.request, peer.status().limits.maxContentBytes)
    const held = await peer.content.hold(bytes)
    const hash = encodeKeyHex(held.key)
    const link = new URL(`/${hash}`, publicUrl ?? url).href
    return new Response(`${JSON.stringify({ hash, url: link, size: held.size })}\n`, {
      status: 201,
      headers: { ...OWN_DATA_HEADERS, 'content-type': 'application/json', location: `/${hash}` },
    })
  }

  /** Stops holding: 204, or 404 when this node did not hold it. */
  async delete(hash: string, visit: Visit): Promise<Response> {
    this.#parts.access.requireMutation(visit.request.headers, visit.client)
    if (await this.#parts.peer.content.release(decodeKeyHex(hash))) {
      return new Response(null, { status: 204, headers: OWN_DATA_HEADERS })
    }
    throw new ProblemError({ status: 404, code: 'ERR_NO_HOLDER', message: 'This node itself does not hold that content.' })
  }
}

/** A part of a body, or one in an encoding, would be held under a hash that nobody expects. */
function requireWholeBody(headers: Headers): void {
  const encoding = headers.get('content-encoding')
  if (encoding !== null && encoding !== 'identity') {
    throw new ProblemError({ status: 415, code: 'ERR_BAD_REQUEST', message: 'Content is held as it is sent: send it without an encoding.' })
  }
  if (headers.has('content-range')) {
    throw new ProblemError({ status: 400, code: 'ERR_BAD_REQUEST', message: 'Content is held whole: send all of it in one request.' })
  }
}

async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw tooLarge(maxBytes) // leaving the loop cancels the body
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function tooLarge(maxBytes: number): ProblemError {
  return new ProblemError({
    status: 413,
    code: 'ERR_TOO_LARGE',
    message: `Cannot hold that: it is over the limit of ${maxBytes} bytes.`,
    advice: 'Share something smaller.',
    headers: { connection: 'close' }, // the rest of the body is not read, so the connection cannot go on
  })
}
