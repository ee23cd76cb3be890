/** The taps of this peer itself: how they are made, announced and renewed. */

import { onAbort } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import { hashnameOf, publicKeyOf } from '../../keys/signing.ts'
import { inTime } from '../../network/index.ts'
import type { Hold } from '../../rendezvous/types.ts'
import type { Key } from '../../types.ts'
import { signDecline } from '../format/decline.ts'
import { type End, parseEnd } from '../format/end.ts'
import { signTapProof, TAP_PROOF_MS } from '../format/proof.ts'
import { WIRE_REFUSALS } from '../format/refusals.ts'
import { checkRules } from '../format/rules.ts'
import type { MessageEvent, MessageSecret, Tap, TapOptions } from '../types.ts'
import type { OwnRoute } from './own-route.ts'
import { createOwnTap, type OwnTap } from './own-tap.ts'
import type { Subscription, Subscriptions } from './subscriptions.ts'

interface OwnTapsContext {
  /** Peer id of this peer, as a multihash. */
  self: Uint8Array
  /** Signs receipts when a tap is given no secret. */
  secret: MessageSecret
  /** Announces by presence that this peer holds a key. */
  hold(key: Key): Hold
  subscriptions: Subscriptions
  route: OwnRoute
  emit(event: MessageEvent): void
  now(): number
}

/** How long a tap waits until somebody keeps the record of it, in ms. */
const MAX_ANNOUNCE_MS = 2_000

/** @param collectAgainMs the wait before stored messages are collected again that were declined for a while */
export function createOwnTaps(context: OwnTapsContext, maxTaps: number, collectAgainMs: number) {
  const { subscriptions, route, emit, now } = context
  /** Bounded: maxTaps. */
  const taps = new Set<OwnTap>()
  let renewing: ReturnType<typeof setInterval> | undefined
  let collecting: ReturnType<typeof setTimeout> | undefined

  /** Declined messages stay with the record nodes; their senders may be gone, so they are collected again. */
  function collectLater(): void {
    collecting ??= setTimeout(() => {
      collecting = undefined
      route.renewTaps()
    }, collectAgainMs)
  }

  function createSubscription(end: End, secret: MessageSecret, { rules, keep }: TapOptions, tap: () => OwnTap): Subscription {
    return {
      end: end.key,
      rules: checkRules(rules ?? []),
      keeps: keep !== undefined,
      proof: end.kind === 'hashname' ? signTapProof(secret, context.self, now()) : undefined,
      since: subscriptions.tick(),
      deliver: (envelope) => tap().deliver(envelope),
    }
  }

  /** @see Messages.tap */
  function tap(text: string, options: TapOptions = {}): Tap {
    const { keep, signal, secret = context.secret } = options
    const end = parseEnd(text)
    const subscription = createSubscription(end, secret, options, () => own)
    const hashname = hashnameOf(publicKeyOf(secret))
    if (end.kind === 'hashname' && end.text !== hashname)
      throw new MayflyError('ERR_WRONG_KEY', `Cannot tap ${end.text}: the secret is that of ${hashname}`)
    if (taps.size >= maxTaps) throw new MayflyError('ERR_LIMIT', `Cannot tap another end: this peer taps the limit of ${maxTaps}`)
    signal?.throwIfAborted()

    const hold = context.hold(end.key)
    let announced: Promise<void> = Promise.resolve()
    let removeAbortListener = () => {}
    const own = createOwnTap({
      end,
      secret,
      keep,
      marks: subscription.proof && route.rows?.marks,
      ready: () => Promise.all([inTime(hold.announced, MAX_ANNOUNCE_MS), announced]).then(() => {}),
      listener: {
        onReceipt: (receipt) => route.takeReceipt(receipt),
        onDeclined(id, reason) {
          route.takeDecline(signDecline(secret, id, reason, now()))
          if (!WIRE_REFUSALS[reason].isFinal) collectLater()
        },
        onMessage: ({ id, from }) => emit({ type: 'message', id: encodeKeyHex(id), end: end.text, from: hashnameOf(from) }),
        async onClosed() {
          removeAbortListener()
          taps.delete(own)
          subscriptions.remove(subscription)
          route.removeTap(subscription)
          await hold.release()
        },
      },
      now,
    })
    taps.add(own)
    subscriptions.add(subscription)
    announced = route.addTap(subscription, secret)
    announced.catch(() => {}) // most callers do not wait for it
    removeAbortListener = onAbort(signal, () => void own.close())
    return own
  }

  return {
    get size() {
      return taps.size
    },
    tap,
    start() {
      renewing = setInterval(() => route.renewTaps(), TAP_PROOF_MS / 4)
    },
    /** Closes all taps. */
    async stop() {
      clearInterval(renewing)
      clearTimeout(collecting)
      await Promise.all([...taps].map((own) => own.close()))
    },
  }
}
