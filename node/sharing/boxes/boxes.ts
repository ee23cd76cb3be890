/** The drop boxes of one peer: those that it opens, and its visits to those of others. */

import { createQuota } from '../../async/quota.ts'
import { createTokenBuckets } from '../../async/token-bucket.ts'
import { MayflyError } from '../../errors.ts'
import type { CreateHasher } from '../../keys/index.ts'
import { createSigningSecret } from '../../keys/signing.ts'
import type { Ways } from '../../people/index.ts'
import type { Hold, Rendezvous } from '../../rendezvous/types.ts'
import type { AbortOptions } from '../../types.ts'
import { LINK_SECRET_BYTES, linkPathOf, parseLink } from '../format/share-link.ts'
import type { DropBox, DropTerms, OpenedBox, Sharing } from '../types.ts'
import { type Box, createBox } from './box.ts'
import { type BoxKeys, createBoxKeys, createVisitKeys } from './box-keys.ts'
import { type BoxRecord, decodeBoxRecord } from './box-record.ts'
import { DROP_PROTOCOL, visit } from './box-visit.ts'
import type { DropFrame, HelloRefusal } from './drop-frames.ts'
import { type OpenedHello, serveSender } from './sender-link.ts'
import { cleanTerms } from './terms.ts'

export const BOXES_LIMITS = {
  /** Boxes of one peer. */
  maxBoxes: 64,
  /** Senders that are connected, of all and of one peer: a gateway has one for each file that it pushes. */
  maxSenders: 128,
  maxSendersPerPeer: 16,
  /** Files that gateways push at once, of all and of one. */
  maxPushes: 8,
  maxPushesPerPeer: 4,
  /** Hellos with a wrong secret, of one peer: at once, and per second for long. */
  wrongHellos: { burst: 3, perSecond: 0.05 },
} as const

const MAX_PEERS = 1_024

export interface BoxesContext {
  /** This peer's id in text form. */
  self: string
  ways: Pick<Ways, 'open' | 'handle'>
  rendezvous: Pick<Rendezvous, 'hold' | 'find'>
  /** Network time, in ms. */
  now(): number
  monotonic(): number
  randomBytes(length: number): Uint8Array
  createHasher: CreateHasher
  /** Of this peer's own: offered shares are received as any. */
  receive: Sharing['receive']
}

interface OwnBox {
  keys: BoxKeys
  box: Box
  hold: Hold | undefined
}

export function createBoxes(context: BoxesContext) {
  const { self, ways, rendezvous, now, monotonic, randomBytes, createHasher, receive } = context
  /** By key in text form. Bounded: maxBoxes. Closed ones stay, to say so. */
  const boxes = new Map<string, OwnBox>()
  const pushes = createQuota({ max: BOXES_LIMITS.maxPushes, maxPerKey: BOXES_LIMITS.maxPushesPerPeer })
  const guesses = createTokenBuckets({ ...BOXES_LIMITS.wrongHellos, now: monotonic, maxKeys: MAX_PEERS })
  let unhandle: (() => void) | undefined

  function open(peer: string, { box: key, proof }: Extract<DropFrame, { type: 'hello' }>): OpenedHello | HelloRefusal {
    const own = [...boxes.values()].find(({ keys }) => keys.isKey(key))
    if (own === undefined || !own.keys.isProof(proof, peer, self)) return guesses.take(peer) > 0 ? 'busy' : 'wrong'
    const { keys, box } = own
    if (box.isOver) return 'over'
    return { box, welcome: { type: 'welcome', publicKey: keys.publicKey, signature: keys.sign(self, peer), terms: box.terms } }
  }

  function enterPush(peer: string): (() => void) | undefined {
    const leave = pushes.enter(peer)
    return typeof leave === 'function' ? leave : undefined
  }

  function recordOf(terms: DropTerms, resume: Uint8Array | undefined): BoxRecord {
    const kept = resume && decodeBoxRecord(resume)
    const fresh = { seed: createSigningSecret(), secret: randomBytes(LINK_SECRET_BYTES), lastAtMs: 0, submissions: [] }
    return { ...(kept ?? fresh), terms: cleanTerms(terms) }
  }

  return {
    start(): void {
      const limits = { maxInbound: BOXES_LIMITS.maxSenders, maxInboundPerPeer: BOXES_LIMITS.maxSendersPerPeer }
      unhandle = ways.handle(DROP_PROTOCOL, (way) => serveSender(way, { open, enterPush, createHasher, randomBytes }), limits)
      for (const own of boxes.values()) own.hold ??= rendezvous.hold(own.keys.key)
    },
    async stop(): Promise<void> {
      unhandle?.()
      unhandle = undefined
      const all = [...boxes.values()]
      boxes.clear()
      for (const { box } of all) box.stop()
      await Promise.all(all.map(({ hold }) => hold?.release().catch(() => {})))
    },
    /** @throws {MayflyError} ERR_BAD_OPTION, ERR_BAD_FRAME (not the snapshot of a box), ERR_LIMIT */
    async openBox(terms: DropTerms, { resume }: { resume?: Uint8Array } = {}): Promise<DropBox> {
      const record = recordOf(terms, resume)
      const keys = createBoxKeys(record.seed, record.secret)
      if (boxes.get(keys.id)?.box.isClosed === false)
        throw new MayflyError('ERR_BAD_OPTION', 'Cannot open the drop box: it is open here already')
      if (boxes.size >= BOXES_LIMITS.maxBoxes)
        throw new MayflyError('ERR_LIMIT', `Cannot open another drop box: this peer has the limit of ${BOXES_LIMITS.maxBoxes}`)
      const box = createBox(record, { now, monotonic, sharePath: (share) => linkPathOf('s', share), receiverOf: keys.receiverOf, receive })
      boxes.set(keys.id, { keys, box, hold: unhandle && rendezvous.hold(keys.key) })
      const { id, path, putPath } = keys
      const { onSubmission, onChange, snapshot } = box
      return { id, path, putPath, terms: box.terms, onSubmission, onChange, snapshot, close: async () => box.close() }
    },
    /** @throws {MayflyError} ERR_SHARE_WRONG, ERR_BAD_OPTION, ERR_SHARE_ENDED, ERR_UNAVAILABLE, ERR_LIMIT */
    async visitBox(link: string, options: AbortOptions = {}): Promise<OpenedBox> {
      const keys = createVisitKeys(link)
      return visit({ self, ways, rendezvous, now, randomBytes, createHasher, shareOf: (path) => parseLink('s', path) }, keys, options)
    },
  }
}
