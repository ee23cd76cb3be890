/** A receiver's connection to a sharer: has it prove that the share is its own, puts its lists together, and says how far this side is. */

import { MayflyError } from '../../errors.ts'
import type { Signalling } from '../../network/index.ts'
import type { Way, Ways } from '../../people/index.ts'
import type { Holder } from '../../rendezvous/types.ts'
import { awaitSharer } from '../first/sharer-answer.ts'
import type { Chosen } from '../format/chosen.ts'
import { ENTRY_LIMITS, type ListedEntry } from '../format/share-entry.ts'
import {
  decodeShareFrame,
  encodeShareFrame,
  MAX_FRAME_BYTES,
  outOfPlace,
  type SeenRules,
  SHARE_PROTOCOL,
  type ShareFrame,
} from '../format/share-frames.ts'
import { helloProof } from '../format/share-keys.ts'
import type { LinkSecrets } from '../format/share-link.ts'
import type { ShareChecks } from '../format/share-signatures.ts'
import type { ShareCode } from '../types.ts'

/** How long a sharer may take to prove that it is one, in ms. */
const WELCOME_MS = 10_000
const MAX_UNSENT_BYTES = 1_048_576

export interface SharerNews {
  /** @param needsPassword false also for a receiver that has given it before */
  welcome(link: SharerLink, rules: SeenRules, needsPassword: boolean): void
  list(entries: ListedEntry[]): void
  refused(code: ShareCode, triesLeft: number): void
  asked(): void
  /** @param entries what is given now; undefined: what was wanted */
  taken(entries: Chosen | undefined): void
  /** In a first stage: see the frame `part`. */
  part?(left: number, bytes: Uint8Array): void
  /** The conversation is over. No code: the sharer has gone. @param reason why the way ended */
  over(code: ShareCode | undefined, reason?: Error): void
}

export interface SharerLinkOptions {
  self: string
  ways: Pick<Ways, 'open' | 'wantDirect' | 'mayOpenDirect' | 'answerDirect'>
  link: LinkSecrets
  receiver: Uint8Array
  label: string
  /** The hello of this receiver has gone over the way that is opened. */
  isGreeted?: boolean
  /** Those of another thread are for a way that hands in one frame after the other. */
  checks: ShareChecks
  news: SharerNews
}

export interface SharerLink {
  readonly holder: Pick<Holder, 'peer' | 'home' | 'addresses'>
  readonly way: Way['kind']
  send(frame: ShareFrame): void
  close(): void
}

/**
 * Resolves once the sharer has proven itself; `news.welcome` gets the link.
 *
 * @throws {MayflyError} ERR_UNAVAILABLE, ERR_LEFT, ERR_FORGED (somebody else holds the key)
 * @throws signal.reason, when aborted
 */
export async function openSharerLink(
  { peer, home, addresses }: Pick<Holder, 'peer' | 'home' | 'addresses'>,
  { self, ways, link, receiver, label, isGreeted = false, checks, news }: SharerLinkOptions,
  signal: AbortSignal,
): Promise<void> {
  const way = await ways.open({ peer, home, addresses }, SHARE_PROTOCOL, { signal })
  const ends = { visitor: self, owner: way.peer }
  const welcomed = Promise.withResolvers<void>()
  welcomed.promise.catch(() => {})
  let publicKey: Uint8Array | undefined
  let endCode: ShareCode | undefined
  let coming: { sequence: number; pages: number; signature: Uint8Array; fields: unknown[][][]; entries: ListedEntry[] } | undefined
  let newest = -1
  let signalling: Signalling | undefined

  const frames = way.createFrames({
    maxFrameBytes: MAX_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    onFrame: (frame) => take(decodeShareFrame(frame)),
    onEnd(reason) {
      welcomed.reject(new MayflyError('ERR_LEFT', 'The sharer has gone', { cause: reason }))
      signalling?.end()
      if (publicKey !== undefined) news.over(endCode, reason)
    },
  })

  function take(frame: ShareFrame): void | Promise<void> {
    if (frame.type === 'refuse' && publicKey === undefined)
      return void welcomed.reject(new MayflyError(frame.code, 'The link is not that of this share'))
    if (publicKey === undefined) return takeWelcome(frame)
    if (frame.type === 'list') return takeList(frame)
    if (frame.type === 'page') return takePage(frame)
    if (frame.type === 'asked') news.asked()
    else if (frame.type === 'taken') news.taken(frame.entries)
    else if (frame.type === 'signal') signalling?.take(frame.bytes)
    else if (frame.type === 'part' && news.part !== undefined) news.part(frame.left, frame.bytes)
    else if (frame.type === 'refuse') {
      if (frame.code !== 'ERR_SHARE_PASSWORD') endCode = frame.code
      news.refused(frame.code, frame.triesLeft)
    } else if (frame.type === 'ended') endCode = frame.code
    else throw outOfPlace(frame)
  }

  function takeWelcome(frame: ShareFrame): void | Promise<void> {
    if (frame.type !== 'welcome') throw outOfPlace(frame)
    return whenChecked(checks.isWelcome('s', link.id, ends, frame), 'Somebody answered who is not the sharer', () => welcome(frame))
  }

  function welcome(frame: Extract<ShareFrame, { type: 'welcome' }>): void {
    publicKey = frame.publicKey
    // From now on it may know this peer's addresses. The connection opens while the person reads the list: by the sharer's offer, else by a dial.
    if (frame.offers === true) signalling = ways.answerDirect(peer, (bytes) => send({ type: 'signal', bytes }))
    ways.wantDirect({ peer, home, addresses }, { isMutual: false })
    news.welcome({ holder: { peer, home, addresses }, way: way.kind, send, close: frames.close }, frame.rules, frame.needsPassword)
    welcomed.resolve()
  }

  function takeList({ sequence, pages, signature }: Extract<ShareFrame, { type: 'list' }>): void | Promise<void> {
    if (sequence < newest) throw new MayflyError('ERR_BAD_FRAME', 'A list of a share is older than the one before')
    coming = { sequence, pages, signature, fields: [], entries: [] }
    return finishList()
  }

  function takePage({ sequence, entries, fields }: Extract<ShareFrame, { type: 'page' }>): void | Promise<void> {
    if (coming === undefined || coming.sequence !== sequence) throw outOfPlace({ type: 'page' })
    coming.fields.push(fields)
    coming.entries.push(...entries)
    if (coming.entries.length > ENTRY_LIMITS.maxEntries)
      throw new MayflyError('ERR_BAD_FRAME', `A list of over ${ENTRY_LIMITS.maxEntries} entries`)
    return finishList()
  }

  /** A list counts once all of it is here and signed. */
  function finishList(): void | Promise<void> {
    if (coming === undefined || publicKey === undefined || coming.fields.length < coming.pages) return
    const { sequence, fields, signature, entries } = coming
    coming = undefined
    const check = checks.isList(publicKey, link.id, sequence, fields, signature)
    return whenChecked(check, 'A list of a share is not signed by its sharer', () => {
      newest = sequence
      news.list(entries)
    })
  }

  const send = (frame: ShareFrame) => void frames.send(encodeShareFrame(frame))
  const takesOffer = way.kind === 'relayed' && ways.mayOpenDirect(peer)
  const hello = () => encodeShareFrame({ type: 'hello', id: link.id, proof: helloProof('s', link, ends), receiver, label, takesOffer })
  await awaitSharer(frames, isGreeted ? undefined : hello(), welcomed.promise, { signal, timeoutMs: WELCOME_MS })
}

/** Goes on at once where the check was made at once. @throws {MayflyError} ERR_FORGED */
function whenChecked(check: boolean | Promise<boolean>, fault: string, next: () => void): void | Promise<void> {
  const judge = (isRight: boolean) => {
    if (!isRight) throw new MayflyError('ERR_FORGED', fault)
    next()
  }
  return typeof check === 'boolean' ? judge(check) : check.then(judge)
}
