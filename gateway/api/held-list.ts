/** The list of what this node holds, for its owner: its own contents, and the keys that the tabs behind it hold. */

import { createSemaphore } from '../../node/async/semaphore.ts'
import { encodeKeyHex, type HeldContent, type Peer } from '../../node/index.ts'
import type { Access } from '../http/access.ts'
import { OWN_DATA_HEADERS } from '../http/security-headers.ts'
import type { GatewayRequest } from '../types.ts'

/** Rows of one answer, of each kind: the newest. */
const MAX_ROWS = 1_000
/** Contents that are looked at together. */
const AT_ONCE = 32

interface HeldListParts {
  peer: Peer
  access: Access
  /** The media type of content that begins with these bytes. */
  sniff(bytes: Uint8Array, isWhole: boolean): Promise<{ type: string }>
  /** Bytes that `sniff` looks at. */
  sniffedBytes: number
  /** The number of holders, in a JSON object. */
  countHolders(hash: string, options: { signal: AbortSignal }): Promise<string>
}

interface KnownFacts {
  sinceMs: number
  name?: string
  type?: string
}

export type HeldList = ReturnType<typeof createHeldList>

/** To be made before the peer holds anything: only what comes afterwards has a time. */
export function createHeldList({ peer, access, sniff, sniffedBytes, countHolders }: HeldListParts) {
  /** By hash. Bounded by what the peer holds. */
  const known = new Map<string, KnownFacts>()
  const stopListening = peer.onEvent((event) => {
    if (event.type === 'hold') known.set(event.key, { sinceMs: Date.now() })
    if (event.type === 'release') known.delete(event.key)
  })

  async function typeOf({ key, size }: HeldContent): Promise<string> {
    const { read } = await peer.content.open(key)
    const chunks: Uint8Array[] = []
    const length = Math.min(size, sniffedBytes)
    for await (const chunk of read({ offset: 0, length })) chunks.push(chunk)
    return (await sniff(Buffer.concat(chunks), length === size)).type
  }

  async function describe(held: HeldContent, request: Request) {
    const hash = encodeKeyHex(held.key)
    const facts = known.get(hash)
    // A type that cannot be read now, and a count that fails, are left out.
    const [type, count] = await Promise.all([
      facts?.type ?? typeOf(held).catch(() => undefined),
      countHolders(hash, request).catch(() => undefined),
    ])
    if (facts !== undefined && type !== undefined) facts.type = type
    return {
      hash,
      size: held.size,
      type,
      ...facts,
      ...(held.outline && { outline: encodeKeyHex(held.outline) }),
      ...(count !== undefined && JSON.parse(count)),
    }
  }

  return {
    /** The name that its owner gave to held content. */
    setName(hash: string, name: string): void {
      const facts = known.get(hash)
      if (facts !== undefined) facts.name = name
    },
    /** @throws {ProblemError} 401, 403 */
    async answer(incoming: GatewayRequest): Promise<Response> {
      access.requireOwner(incoming)
      const turns = createSemaphore(AT_ONCE)
      const held = peer.content.held()
      const contents = await Promise.all(held.slice(-MAX_ROWS).map((content) => turns.run(() => describe(content, incoming.request))))
      const tabs = peer.rendezvous.heldByTabs(MAX_ROWS).map(({ key, tabs }) => ({ hash: encodeKeyHex(key), tabs }))
      return new Response(`${JSON.stringify({ contents, tabs, leftOut: held.length - contents.length })}\n`, {
        headers: { ...OWN_DATA_HEADERS, 'content-type': 'application/json' },
      })
    },
    close: stopListening,
  }
}
