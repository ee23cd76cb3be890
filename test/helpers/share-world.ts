/** Peers that share in memory: they find each other at once, contents travel whole, and the clock is the test's. */

import type { ContentService } from '../../node/content/content.ts'
import { memorySource } from '../../node/content/index.ts'
import { MayflyError } from '../../node/errors.ts'
import { createPortableHasher } from '../../node/keys/hasher.ts'
import { encodeKeyHex, sha256 } from '../../node/keys/index.ts'
import { createSharing, type SharingContext } from '../../node/sharing/sharing.ts'
import type { ReceivedShare, ShareItem } from '../../node/sharing/types.ts'
import { createMemoryRendezvous } from './memory-rendezvous.ts'
import { waitFor } from './wait-for.ts'
import { createWayNetwork, NO_DIRECT } from './way-network.ts'

export function createShareWorld() {
  const network = createWayNetwork()
  const presence = createMemoryRendezvous()
  const clock = { nowMs: 1_764_400_000_000, ticksMs: 0 }
  /** Hash → its bytes at each peer that has it. Bounded by the test. */
  const contents = new Map<string, Map<string, Uint8Array>>()

  function contentOf(self: string): Pick<ContentService, 'hold' | 'release' | 'open' | 'holdParts'> {
    return {
      async hold(content) {
        const bytes = content instanceof Uint8Array ? content : await content.read(0, content.size)
        const key = await sha256(bytes)
        const holders = contents.get(encodeKeyHex(key)) ?? new Map()
        const wasHeld = holders.has(self)
        contents.set(encodeKeyHex(key), holders.set(self, bytes))
        return { key, size: bytes.byteLength, wasHeld }
      },
      release: async (key) => contents.get(encodeKeyHex(key))?.delete(self) === true,
      async open(key) {
        const [bytes] = contents.get(encodeKeyHex(key))?.values() ?? []
        if (bytes === undefined) throw new MayflyError('ERR_UNAVAILABLE', 'Nobody has it')
        const read = async function* ({ offset, length } = { offset: 0, length: bytes.byteLength }) {
          yield bytes.slice(offset, offset + length)
        }
        return { key, bytes, size: bytes.byteLength, isTrusted: true, from: '', read }
      },
      holdParts: presence.join(self).hold,
    }
  }

  return {
    clock,
    network,
    presence,
    /** The peers that have a content. */
    haveIt: (hash = '') => [...(contents.get(hash)?.keys() ?? [])],
    /** @param changes parts of the test's own */
    async join(self: string, { direct, ...changes }: Partial<SharingContext> & { direct?: typeof NO_DIRECT } = {}) {
      const ways = { ...network.join(self), ...(direct ?? NO_DIRECT) }
      const context: SharingContext = {
        ...{ self, ways, rendezvous: { ...presence.join(self), onJoined: () => () => {} }, createHasher: createPortableHasher },
        content: contentOf(self) as ContentService,
        clock: { now: () => clock.nowMs, monotonic: () => clock.ticksMs },
        onPiece: () => () => {},
        onReleased: () => () => {},
        ...changes,
      }
      const sharing = createSharing(context)
      await sharing.start()
      return Object.assign(sharing, {
        self,
        /** As when its process is killed. */
        kill() {
          ways.leave()
          presence.leave(self)
          for (const holders of contents.values()) holders.delete(self)
        },
      })
    },
  }
}

export const file = (path: string, words = path): ShareItem => ({
  ...{ kind: 'file', path, source: memorySource(new TextEncoder().encode(words)) },
})

/** Resolves once the share has come to a state; fails where it cannot any more. */
export async function untilState(received: ReceivedShare, state: ReceivedShare['state']): Promise<void> {
  const arrived = Promise.withResolvers<void>()
  const look = () => {
    if (received.state === state) arrived.resolve()
    else if (received.state === 'ended') arrived.reject(new Error(`it has ended: ${received.endCode}`))
  }
  const stop = received.onChange(look)
  look()
  await arrived.promise.finally(stop)
}

/** The words of a file, as its receiver reads them once its sharer has read it. */
export async function wordsOf(received: ReceivedShare, id: number): Promise<string> {
  await waitFor(() => received.entries.find((entry) => entry.id === id)?.state === 'ready', 20_000, 'the file has been read')
  const chunks: Uint8Array[] = []
  for await (const chunk of (await received.open(id)).read()) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
