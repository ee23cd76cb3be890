/** The route of a tab: its home routes its messages, and delivers what its taps want. */

import { MayflyError } from '../../errors.ts'
import { decodeEnvelope, isEnvelopeSigned, refuseTimes } from '../format/envelope.ts'
import { signTapProof } from '../format/proof.ts'
import { createRequestStreams, type PushFrame } from '../protocol/request-streams.ts'
import { type AskingFrame, type DeliveryProgress, NO_PROGRESS } from '../protocol/wire.ts'
import { createHomeTaps } from './home-taps.ts'
import { createNodeRequests } from './node-requests.ts'
import type { OwnRoute, OwnRouteContext } from './own-route.ts'
import { createRuleTest } from './subscriptions.ts'

const UNSENT: DeliveryProgress = { ...NO_PROGRESS, refusal: { reason: 'no-network', retryAfterMs: 0 } }
const NO_COUNTS = { tabTaps: 0, mail: 0, mailBytes: 0, messages: 0, messagesRefused: 0 } as const

export function createHomeRoute(context: OwnRouteContext): OwnRoute {
  const { libp2p, presence, subscriptions, seenMessages } = context
  const { now } = context.clock
  const streams = createRequestStreams(libp2p, presence.addressesOf, {
    onPush: takePush,
    onRefused: context.onRefused,
    onOpen: (peer) => taps.onStream(peer),
    onEnd: (peer) => taps.onStreamEnd(peer),
    isWanted: (peer) => taps.isWanted(peer),
  })
  const requests = createNodeRequests(streams)
  const taps = createHomeTaps({
    subscriptions,
    streams,
    home: () => presence.home,
    prove: (secret, home) => signTapProof(secret, home.toMultihash().bytes, now()),
  })

  function takePush(push: PushFrame): void {
    if (push.type === 'receipt') seenMessages.takeReceipt(push.receipt)
    else if (push.type === 'decline') seenMessages.takeDecline(push.decline)
    else deliver(push.envelope)
  }

  /** Checks signature and times itself: a tab believes its home no more than anybody else. */
  function deliver(bytes: Uint8Array): void {
    const envelope = decodeEnvelope(bytes)
    if (refuseTimes(envelope, now()) !== undefined) return
    if (seenMessages.checked(envelope) === undefined && !isEnvelopeSigned(envelope))
      throw new MayflyError('ERR_BAD_FRAME', 'Not signed by its sender')
    seenMessages.add(envelope)
    const passes = createRuleTest(envelope)
    for (const subscription of subscriptions.at(envelope.to)) if (passes(subscription)) subscription.deliver(envelope)
  }

  function sendHome(frame: AskingFrame): void {
    if (presence.home !== undefined) streams.send(presence.home, frame)
  }

  return {
    counts: NO_COUNTS,
    send(envelope, _, reply) {
      if (presence.home === undefined) reply(UNSENT)
      else requests.route(presence.home, envelope, (progress) => reply(progress ?? UNSENT))
    },
    async findPublicKey(end, signal) {
      return presence.home && requests.publicKey(presence.home, end, true, signal)
    },
    addTap: (subscription, secret) => taps.add(subscription, secret),
    removeTap: (subscription) => taps.remove(subscription),
    renewTaps: () => taps.renew(),
    takeReceipt(receipt) {
      seenMessages.takeReceipt(receipt)
      sendHome({ type: 'receipt', receipt: receipt.bytes })
    },
    takeDecline({ bytes }) {
      seenMessages.takeDecline(bytes)
      sendHome({ type: 'decline', decline: bytes })
    },
    onJoined: () => taps.onHome(),
    async start() {},
    async stop() {
      streams.stop()
    },
  }
}
