/** The route of a node: its own router, which also serves the messages of other peers. */

import { createAdmission } from '../admission/admission.ts'
import { signTapProof } from '../format/proof.ts'
import { createRequestStreams, type PushFrame } from '../protocol/request-streams.ts'
import type { MessageSecret } from '../types.ts'
import { createGuestPosts } from './guest-posts.ts'
import { createMessageServer } from './message-server.ts'
import type { OwnRoute, OwnRouteContext } from './own-route.ts'
import { createRouter } from './router.ts'
import { createRowReceivers } from './row-receivers.ts'
import type { Subscription } from './subscriptions.ts'

export function createNodeRoute(context: OwnRouteContext): OwnRoute {
  const { libp2p, presence, seenMessages, limits, clock } = context
  const self = libp2p.peerId
  const streams = createRequestStreams(libp2p, presence.addressesOf, {
    onPush: takePush,
    onRefused: context.onRefused,
  })
  const router = createRouter(self, streams, context)
  const admission = createAdmission(limits, clock.monotonic)
  const server = createMessageServer({ ...context, router, admission })
  /** Taps of this node itself. Bounded: maxTapsPerPeer. */
  const taps = new Map<Subscription, MessageSecret>()
  let sent = 0

  function takePush(push: PushFrame): void {
    if (push.type === 'receipt') router.takeReceipt(push.receipt)
    else if (push.type === 'decline') seenMessages.takeDecline(push.decline)
  }

  return {
    rows: createRowReceivers(clock.monotonic),
    get counts() {
      const { tabTaps, passed, refused } = server.counts
      return { tabTaps, mail: router.stored.size, mailBytes: router.stored.bytes, messages: sent + passed, messagesRefused: refused }
    },
    send(envelope, seen, reply) {
      sent++
      router.route(envelope, seen, reply)
    },
    guests: createGuestPosts({ router, seenMessages, admission, clock, counts: server.counts }),
    findPublicKey: (end, signal) => router.publicKeys.find(end, { signal }),
    async addTap(subscription, secret) {
      taps.set(subscription, secret)
      router.collectFor(subscription)
    },
    removeTap(subscription) {
      taps.delete(subscription)
      router.stopCollecting(subscription)
    },
    renewTaps() {
      for (const [subscription, secret] of taps) {
        if (subscription.proof !== undefined) subscription.proof = signTapProof(secret, self.toMultihash().bytes, clock.now())
        router.collectFor(subscription)
      }
    },
    takeReceipt: (receipt) => router.takeReceipt(receipt),
    takeDecline: ({ bytes }) => seenMessages.takeDecline(bytes),
    onJoined() {},
    async start() {
      router.start()
      await server.start()
    },
    async stop() {
      router.stop()
      streams.stop()
      await server.stop()
    },
  }
}
