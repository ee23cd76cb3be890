/** Peers with drop boxes in memory: they find each other at once, and have no network that fails by itself. */

import { createPortableHasher } from '../../node/keys/hasher.ts'
import { type BoxesContext, createBoxes } from '../../node/sharing/boxes/boxes.ts'
import { linkPathOf } from '../../node/sharing/format/share-link.ts'
import type { DropBox, DropOffer, Share, Submission } from '../../node/sharing/types.ts'
import { createMemoryRendezvous } from './memory-rendezvous.ts'
import { createWayNetwork } from './way-network.ts'

export function createDropWorld() {
  const network = createWayNetwork()
  const presence = createMemoryRendezvous()
  const clock = { nowMs: 1_764_400_000_000, ticksMs: 0 }
  return {
    clock,
    network,
    presence,
    join(self: string, more: Partial<BoxesContext> = {}) {
      const ways = network.join(self)
      const boxes = createBoxes({
        self,
        ways,
        rendezvous: presence.join(self),
        now: () => clock.nowMs,
        monotonic: () => clock.ticksMs,
        randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
        createHasher: createPortableHasher,
        receive() {
          throw new Error('nothing is received here')
        },
        ...more,
      })
      boxes.start()
      return Object.assign(boxes, {
        ways,
        /** As when its process is killed. */
        kill() {
          ways.leave()
          presence.leave(self)
        },
      })
    },
  }
}

/** A share as an offer names it: its path alone. */
export function shareOf(byte: number): Share {
  return { path: linkPathOf('s', { id: new Uint8Array(32).fill(byte), secret: new Uint8Array(16).fill(byte) }) } as Share
}

export const offerOf = (...paths: string[]): DropOffer => ({
  from: 'Ann',
  words: 'For you',
  files: paths.map((path) => ({ path, size: 1_000, mediaType: '' })),
})

interface Arrived {
  submission: Submission
  take(): void
  refuse(error: Error): void
}

/** The submissions of a box, in the order in which they come; each is decided by the test. */
export function submissionsOf(box: DropBox) {
  const arrived: Arrived[] = []
  const wakes = new Set<() => void>()
  const end = box.onSubmission((submission) => {
    const decision = Promise.withResolvers<void>()
    arrived.push({ submission, take: decision.resolve, refuse: decision.reject })
    for (const wake of wakes) wake()
    return decision.promise
  })
  return {
    end,
    arrived,
    async next() {
      while (arrived.length === 0) {
        await new Promise<void>((resolve) => {
          wakes.add(resolve)
        })
      }
      const first = arrived.shift()
      if (first === undefined) throw new Error('none')
      return first
    },
  }
}

export async function* streamOf(...chunks: (Uint8Array | string)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk
}
