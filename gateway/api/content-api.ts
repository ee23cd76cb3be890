/**
 * PUT and DELETE of content: this node itself holds the body until a DELETE, or until it stops. It holds it in memory: no content goes onto
 * its disk.
 */

import { decodeKeyHex, encodeKeyHex, type HeldContent, harmlessName, type Peer } from '../../node/index.ts'
import type { Access } from '../http/access.ts'
import { outlineQuery } from '../http/link-query.ts'
import { ProblemError, problemError } from '../http/problem.ts'
import { OWN_DATA_HEADERS } from '../http/security-headers.ts'
import type { GatewayRequest } from '../types.ts'
import type { HeldList } from './held-list.ts'

interface ContentApiParts {
  peer: Peer
  access: Access
  list: Pick<HeldList, 'setName'>
  /** The origin of the links in the answer to a request for this URL. */
  originOfLinks(url: string): string
}

export function createContentApi({ peer, access, list, originOfLinks }: ContentApiParts) {
  /** Reserved for bodies that are arriving, in bytes. */
  let arriving = 0

  /** The largest body that is accepted now, in bytes. */
  function maxBodyBytes(): number {
    const { limits, counts } = peer.status()
    return Math.max(0, Math.min(limits.maxContentBytes, limits.maxHeldBytes - counts.heldBytes - arriving))
  }

  /** @throws {ProblemError} 413, before the body is read when Content-Length is given */
  async function holdBody(request: Request): Promise<HeldContent> {
    const told = request.headers.get('content-length')
    let room = 0
    const take = (bytes: number) => {
      if (bytes > maxBodyBytes()) throw tooLarge(peer, maxBodyBytes())
      room += bytes
      arriving += bytes
    }
    try {
      if (told !== null) take(Number(told))
      return await peer.content.hold(await readBody(request, told === null ? take : () => {}))
    } finally {
      arriving -= room
    }
  }

  return {
    maxBodyBytes,
    /** Holds the request's body, under the name of `?filename=`. 201 with `{hash, url, size}`, and `outline` where it has one. */
    async put(incoming: GatewayRequest): Promise<Response> {
      const { headers, url } = incoming.request
      access.requireOwner(incoming)
      requireWholeBody(headers)
      const held = await holdBody(incoming.request)
      const hash = encodeKeyHex(held.key)
      const name = harmlessName(new URL(url).searchParams.get('filename') ?? '')
      if (name !== '') list.setName(hash, name)
      const query = outlineQuery(held.outline)
      const path = `/${hash}${query}${name === '' ? '' : `${query === '' ? '?' : '&'}filename=${encodeURIComponent(name)}`}`
      const link = new URL(path, originOfLinks(url)).href
      const outline = held.outline && encodeKeyHex(held.outline)
      return new Response(`${JSON.stringify({ hash, url: link, size: held.size, outline })}\n`, {
        status: 201,
        headers: { ...OWN_DATA_HEADERS, 'content-type': 'application/json', location: path },
      })
    },
    /** Stops holding: 204, or 404 when this node did not hold it. */
    async delete(hash: string, incoming: GatewayRequest): Promise<Response> {
      access.requireOwner(incoming)
      if (await peer.content.release(decodeKeyHex(hash))) {
        return new Response(null, { status: 204, headers: OWN_DATA_HEADERS })
      }
      throw problemError(404, 'ERR_NO_HOLDER', 'This node itself does not hold that content.')
    },
  }
}

/** A part of a file, or an encoded one, would be held under an unexpected hash. */
function requireWholeBody(headers: Headers): void {
  const encoding = headers.get('content-encoding')
  if (encoding !== null && encoding !== 'identity') {
    throw problemError(415, 'ERR_BAD_REQUEST', 'Content is held as it is sent: send it without an encoding.')
  }
  if (headers.has('content-range')) {
    throw problemError(400, 'ERR_BAD_REQUEST', 'Content is held whole: send all of it in one request.')
  }
}

/** @param take is called with the size of each chunk, and throws when the body is too large */
async function readBody(request: Request, take: (bytes: number) => void): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of request.body ?? []) {
    take(chunk.byteLength) // throwing out of the loop cancels the body
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function tooLarge(peer: Peer, leftBytes: number): ProblemError {
  const { maxHeldBytes } = peer.status().limits
  return new ProblemError({
    status: 413,
    code: 'ERR_TOO_LARGE',
    message: `Cannot hold that: this node holds such content in memory, at most ${maxHeldBytes} bytes in all, and ${leftBytes} are left.`,
    advice: 'Hold the file from where it is, with "mayfly hold FILE", or share something smaller.',
  })
}
