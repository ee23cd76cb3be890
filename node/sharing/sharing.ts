/** Sharing put together for one peer: its own shares and their codes, shares of others, drop boxes. */

import { createTokenBuckets } from '../async/token-bucket.ts'
import type { ContentService } from '../content/content.ts'
import { MayflyError } from '../errors.ts'
import { type CreateHasher, createPortableHasher, equalBytes } from '../keys/index.ts'
import type { Clock } from '../network/index.ts'
import type { Ways } from '../people/index.ts'
import type { Hold, Rendezvous } from '../rendezvous/types.ts'
import type { AbortOptions } from '../types.ts'
import { createBoxes } from './boxes/boxes.ts'
import { openPipe } from './first/pipe-client.ts'
import { FIRST_PROTOCOL } from './first/pipe-frames.ts'
import { servePipe } from './first/pipe-server.ts'
import type { RecordWay } from './first/record-way.ts'
import { createFirstKeyStock } from './first/session.ts'
import { SHARE_PROTOCOL } from './format/share-frames.ts'
import { parseLink, parseShareId } from './format/share-link.ts'
import type { ReceiveBegunOptions } from './receiver/begun-share.ts'
import { claimCode } from './receiver/claim-code.ts'
import { type ReceiverContext, receiveShare } from './receiver/received-share.ts'
import { createFirstGiver } from './sharer/first-giver.ts'
import { type Conversation, type Hello, type ReceiverLink, serveReceiver } from './sharer/receiver-link.ts'
import { createOwnShare, type OwnShare } from './sharer/share.ts'
import { createSpokenCodes } from './sharer/spoken-codes.ts'
import type { ReceivedShare, Share, Sharing } from './types.ts'

export const SHARING_LIMITS = {
  /** Shares of one peer, those that have ended and say so among them. */
  maxShares: 256,
  /** Receivers that are connected, of all and of one peer. */
  maxReceivers: 256,
  maxReceiversPerPeer: 8,
  /** Hellos with a wrong secret, of one peer: at once, and per second for long. */
  wrongHellos: { burst: 3, perSecond: 0.05 },
  /** First stages that gateways have passed on, of all and of one gateway: a gateway speaks for many. */
  maxFirstStages: 128,
  maxFirstStagesPerGateway: 64,
  /** Of them, those whose visitor did not know the secret, of one gateway: more of its visitors come by their own peers meanwhile. */
  wrongVisitors: { burst: 64, perSecond: 1 },
  /** Shares of others that are received at once. */
  maxReceived: 256,
} as const

const MAX_PEERS = 1_024
const NEVER = new AbortController().signal

export interface SharingContext {
  /** This peer's id in text form. */
  self: string
  ways: Pick<Ways, 'open' | 'handle' | 'wantDirect' | 'mayOpenDirect' | 'offerDirect' | 'answerDirect'>
  rendezvous: Pick<Rendezvous, 'hold'> & ReceiverContext['rendezvous']
  content: ContentService
  clock: Pick<Clock, 'now' | 'monotonic'>
  /** A portable one when left out. */
  createHasher: CreateHasher | undefined
  /** Hears of each piece that comes, and of content that is released since its source has changed. Returns the function that ends it. */
  onPiece: ReceiverContext['onPiece']
  onReleased(listener: (key: string) => void): () => void
}

export interface SharesService extends Sharing {
  start(): Promise<void>
  stop(): Promise<void>
}

interface Kept {
  own: OwnShare
  share: Share
  /** The share's key, also when it has ended; and that of its contents. */
  holds: Hold[]
}

export function createSharing(context: SharingContext): SharesService {
  const { self, ways, rendezvous, content, clock, createHasher = createPortableHasher, onPiece, onReleased } = context
  const { now, monotonic } = clock
  const randomBytes = (length: number) => crypto.getRandomValues(new Uint8Array(length))
  /** Bounded: maxShares. */
  const kept = new Set<Kept>()
  /** Bounded: maxReceived. */
  const received = new Set<ReceivedShare>()
  const guesses = createTokenBuckets({ ...SHARING_LIMITS.wrongHellos, now: monotonic, maxKeys: MAX_PEERS })
  const wrongVisitors = createTokenBuckets({ ...SHARING_LIMITS.wrongVisitors, now: monotonic, maxKeys: MAX_PEERS })
  /** Until when visitors of a gateway are not tried. Bounded: MAX_PEERS. */
  const untried = new Map<string, number>()
  const shared = { self, ways, rendezvous, now, monotonic, randomBytes }
  const codes = createSpokenCodes(shared)
  const boxes = createBoxes({ ...shared, createHasher, receive: (link, options) => receive(link, options) })
  const ends: (() => void)[] = []
  let isRunning = false

  /** A wrong secret and a share that is none are answered alike. */
  function greet(hello: Hello, link: ReceiverLink): Conversation | undefined {
    const conversation = findShare(hello.id)?.own.greet(hello, link)
    if (conversation !== undefined) return conversation
    const isBusy = guesses.take(link.peer) > 0
    link.send({ type: 'refuse', code: isBusy ? 'ERR_SHARE_FULL' : 'ERR_SHARE_WRONG', triesLeft: 0 })
    return undefined
  }

  const findShare = (id: Uint8Array) => [...kept].find(({ own }) => equalBytes(own.key, id))

  /** Visitors who have loaded no peer yet. */
  const visits = {
    linkOf: (id: Uint8Array) => findShare(id)?.own.link,
    takeKeys: createFirstKeyStock(),
    mayTry(gateway: string): boolean {
      if ((untried.get(gateway) ?? 0) > monotonic()) return false
      untried.delete(gateway)
      return true
    },
    onWrong(gateway: string): void {
      const waitMs = wrongVisitors.take(gateway)
      if (waitMs > 0 && (untried.size < MAX_PEERS || untried.has(gateway))) untried.set(gateway, monotonic() + waitMs)
    },
    onVisitor: (way: RecordWay, self: string, gateway: string) =>
      serveReceiver(way, ways, greet, { self, give: createFirstGiver({ content, gateway, way }) }),
  }

  /** An ended share makes room for a new one, the oldest first. */
  function makeRoom(): void {
    if (kept.size < SHARING_LIMITS.maxShares) return
    const ended = [...kept].find(({ share }) => share.state === 'ended')
    if (ended === undefined)
      throw new MayflyError('ERR_LIMIT', `Cannot share more: this peer has the limit of ${SHARING_LIMITS.maxShares} shares`)
    kept.delete(ended)
    for (const hold of ended.holds) void hold.release()
  }

  const share: Sharing['share'] = async (items, options = {}) => {
    if (!isRunning) throw new MayflyError('ERR_NOT_STARTED', 'The peer is not running')
    makeRoom()
    const own = createOwnShare({ self, content, now, randomBytes, onEnded: () => onEnded() }, items, options)
    if ([...kept].some((other) => equalBytes(other.own.key, own.key))) {
      await own.stop()
      throw new MayflyError('ERR_BAD_OPTION', 'Cannot bring the share back: it is here already')
    }
    const holds = [rendezvous.hold(own.key)]
    const parts = own.isReleased ? undefined : content.holdParts(own.swarmKey)
    if (parts) holds.push(parts)
    const onEnded = () => void parts?.release()
    const code: Share['code'] = (abort) => {
      if (own.share.state === 'ended') throw new MayflyError('ERR_SHARE_ENDED', 'Cannot make a code: the share has ended')
      return codes.issue(own.link, abort)
    }
    const whole: Share = Object.assign(own.share, { code: async (abort?: AbortOptions) => code(abort) })
    kept.add({ own, share: whole, holds })
    return whole
  }

  const receive = (link: string, options: ReceiveBegunOptions = {}): ReceivedShare => {
    if (!isRunning) throw new MayflyError('ERR_NOT_STARTED', 'The peer is not running')
    if (received.size >= SHARING_LIMITS.maxReceived)
      throw new MayflyError('ERR_LIMIT', `Cannot receive more: this peer receives the limit of ${SHARING_LIMITS.maxReceived} shares`)
    const one = receiveShare({ ...shared, content, onPiece }, parseLink('s', link), options)
    const { close } = one
    received.add(one)
    return Object.assign(one, {
      async close() {
        received.delete(one)
        await close()
      },
    })
  }

  return {
    share,
    shares: () => [...kept].map((each) => each.share).filter(({ state }) => state !== 'ended'),
    receive,
    claimCode: (code, options) => claimCode(shared, code, options),
    openBox: boxes.openBox,
    visitBox: boxes.visitBox,
    async passOn(id, listener, { signal = NEVER } = {}) {
      return openPipe({ ways, rendezvous }, parseShareId(id), listener, signal)
    },
    async start() {
      isRunning = true
      const { maxReceivers, maxReceiversPerPeer, maxFirstStages, maxFirstStagesPerGateway } = SHARING_LIMITS
      const limits = { maxInbound: maxReceivers, maxInboundPerPeer: maxReceiversPerPeer }
      ends.push(ways.handle(SHARE_PROTOCOL, (way) => serveReceiver(way, ways, greet), limits))
      const visitors = { maxInbound: maxFirstStages, maxInboundPerPeer: maxFirstStagesPerGateway }
      ends.push(ways.handle(FIRST_PROTOCOL, (way) => servePipe(way, visits), visitors))
      ends.push(
        onReleased((key) => {
          for (const { own } of kept) own.onReleased(key)
        }),
      )
      codes.start()
      boxes.start()
    },
    async stop() {
      isRunning = false
      for (const end of ends) end()
      codes.stop()
      await Promise.all([boxes.stop(), ...[...received].map((one) => one.close()), ...[...kept].map(({ own }) => own.stop())])
      await Promise.all([...kept].flatMap(({ holds }) => holds).map((hold) => hold.release().catch(() => {})))
    },
  }
}
