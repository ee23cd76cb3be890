/** Taps of one tab at this node, its home: they last as long as the tab's stream. */

import { encodeKeyHex } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import { isTapProofTimely, isTapProved } from '../format/proof.ts'
import type { FrameOf } from '../protocol/wire.ts'
import type { MessageServerContext, ServedStream, ServerState } from './served-stream.ts'
import type { Subscription } from './subscriptions.ts'

export function createServedTaps(served: ServedStream, context: MessageServerContext, counts: ServerState['counts']) {
  const { libp2p, router, subscriptions, limits, clock } = context
  const self = libp2p.peerId.toMultihash().bytes
  /** By the end's key, hex. Bounded: maxTapsPerPeer. */
  const taps = new Map<string, Subscription>()

  function unsubscribe(tap: Subscription): void {
    subscriptions.remove(tap)
    router.stopCollecting(tap)
    counts.tabTaps--
  }

  return {
    onTap({ sequence, end, rules, keeps, proof }: FrameOf<'tap'>) {
      const id = encodeKeyHex(end)
      const old = taps.get(id)
      if (old === undefined && (taps.size >= limits.maxTapsPerPeer || counts.tabTaps >= limits.maxTaps))
        return served.send({ type: 'tapped', sequence, refused: 'taps' })
      if (proof !== undefined && !isTapProved(end, proof, self, clock.now())) {
        if (isTapProofTimely(proof, clock.now())) served.countForged('a tap of a hashname without its secret')
        return served.send({ type: 'tapped', sequence, refused: 'proof' })
      }
      if (old === undefined) counts.tabTaps++
      else subscriptions.remove(old)
      const tap: Subscription = {
        end,
        rules,
        keeps,
        proof,
        since: old?.since ?? subscriptions.tick(),
        deliver: ({ bytes }) => served.send({ type: 'deliver', envelope: bytes }),
      }
      taps.set(id, tap)
      subscriptions.add(tap)
      served.send({ type: 'tapped', sequence, refused: undefined })
      router.collectFor(tap)
    },
    onUntap({ end }: FrameOf<'untap'>) {
      const id = encodeKeyHex(end)
      const tap = taps.get(id)
      if (tap === undefined) return
      taps.delete(id)
      unsubscribe(tap)
    },
    /** True when a tap of the tab stores what goes to that end: only then may it decline. */
    keeps: (end: Key) => taps.get(encodeKeyHex(end))?.keeps === true,
    /** The stream has ended. */
    end() {
      for (const tap of taps.values()) unsubscribe(tap)
      taps.clear()
    },
  }
}
