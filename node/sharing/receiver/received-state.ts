/** A share as its receiver knows it, and the conversation with its sharer: the list, the rules, what was taken, how it ended. */

import { raceAbort } from '../../async/abort.ts'
import { createEmitter } from '../../async/emitter.ts'
import { MayflyError } from '../../errors.ts'
import type { AbortOptions } from '../../types.ts'
import { type Chosen, idsOf } from '../format/chosen.ts'
import type { ListedEntry } from '../format/share-entry.ts'
import type { SeenRules, ShareFrame } from '../format/share-frames.ts'
import type { ReceivedShare, ShareCode, ShareWay } from '../types.ts'
import type { BegunShare } from './begun-share.ts'
import type { SharerLink, SharerNews } from './sharer-link.ts'
import { createTakes, keepKeys } from './takes.ts'

const SENTENCES: Readonly<Record<ShareCode, string>> = {
  ERR_SHARE_WRONG: 'The link is not that of this share: it may be cut or mistyped. Ask for it again',
  ERR_SHARE_ENDED: 'Its sharer has ended this share',
  ERR_SHARE_EXPIRED: 'The time of this share is over',
  ERR_SHARE_USED: 'As many as may have received this share',
  ERR_SHARE_PASSWORD: 'The password is wrong',
  ERR_SHARE_LOCKED: 'Too many wrong passwords: its sharer has to unlock this share',
  ERR_SHARE_REFUSED: 'Its sharer does not let you receive this share',
  ERR_SHARE_FULL: 'Too many are at this share. Try again in a minute',
}

export function shareError(code: ShareCode): MayflyError {
  return new MayflyError(code, SENTENCES[code])
}

function passwordError(triesLeft: number): MayflyError {
  const left = triesLeft === 1 ? 'one try is' : `${triesLeft} tries are`
  return new MayflyError('ERR_SHARE_PASSWORD', triesLeft > 0 ? `The password is wrong; ${left} left` : 'This share has a password')
}

/** By which way a piece has come: from a tab, directly or through a TURN server, or from a node. */
export type PieceWay = 'direct' | 'turn' | 'home'

/** A share that was full for a first stage may have a place for the peer. */
const lasting = (code: ShareCode | undefined) => ({ endCode: code === 'ERR_SHARE_FULL' ? undefined : code })

/** The entries before the sharer has said what they are. */
const UNLISTED: readonly ListedEntry[] = []

/** One whose failure may be told to nobody. */
function silently(): PromiseWithResolvers<void> {
  const resolvers = Promise.withResolvers<void>()
  resolvers.promise.catch(() => {})
  return resolvers
}

export type ReceivedState = ReturnType<typeof createReceivedState>

/** @param onTaken entries may be fetched, now or again @param onOver the sharer has gone, or the share has ended */
export function createReceivedState({ onTaken, onOver }: { onTaken(): void; onOver(): void }) {
  const changes = createEmitter<void>()
  let state: ReceivedShare['state'] = 'looking'
  let endCode: ShareCode | undefined
  let entries = UNLISTED
  let rules: SeenRules | undefined
  let way: ShareWay | undefined
  let sharer: SharerLink | undefined
  const takes = createTakes()
  let isTakeSent = false
  let entering: PromiseWithResolvers<void> | undefined

  function become(next: ReceivedShare['state']): void {
    if (state === 'ended') return
    state = next
    changes.emit()
  }

  function finish(code: ShareCode): void {
    if (state === 'ended') return
    endCode = code
    become('ended')
    takes.reject(shareError(code))
    entering?.reject(shareError(code))
    onOver()
  }

  function sendTake(entries: Chosen): void {
    isTakeSent = true
    sharer?.send({ type: 'take', entries: idsOf(entries) })
  }

  function mustMeet(): SharerLink {
    if (state === 'ended') throw shareError(endCode ?? 'ERR_SHARE_ENDED')
    if (sharer === undefined) throw new MayflyError('ERR_UNAVAILABLE', 'The sharer is not here now')
    return sharer
  }

  const news: SharerNews = {
    welcome(met, seen, needsPassword) {
      sharer = met
      isTakeSent = false
      way ??= met.way
      rules = seen
      become(needsPassword ? 'password' : state)
    },
    list(listed) {
      entries = keepKeys(listed, entries)
      entering?.resolve()
      if (state !== 'taken' && state !== 'asking') become('listed')
      else changes.emit()
      // Again for a sharer that came back: it may have forgotten.
      if (takes.wanted !== undefined && !isTakeSent) sendTake(takes.wanted)
      takes.settle(entries)
    },
    asked: () => become('asking'),
    taken(given) {
      takes.answered(given)
      become('taken')
      takes.settle(entries)
      onTaken()
    },
    refused(code, triesLeft) {
      if (code !== 'ERR_SHARE_PASSWORD') return
      entering?.reject(passwordError(triesLeft))
      become('password')
    },
    over(code) {
      sharer = undefined
      if (code !== undefined) return finish(code)
      entering?.reject(new MayflyError('ERR_LEFT', 'The sharer has gone'))
      if (entries.length === 0) way = undefined // it was welcomed, and has seen nothing
      become(entries.length > 0 || state !== 'looking' ? 'away' : 'looking')
      onOver()
    },
  }

  return {
    news,
    finish,
    changes,
    get state() {
      return state
    },
    get endCode() {
      return endCode
    },
    get entries() {
      return entries
    },
    get rules() {
      return rules
    },
    get way() {
      return way
    },
    get hasTaken() {
      return takes.hasTaken
    },
    get isMet() {
      return sharer !== undefined
    },
    /** Where the sharer is, while it is here. */
    sharer: () => sharer?.holder,
    /** Goes on from a first stage, unless the sharer has listed it since. One that has welcomed this side says itself whether it has ended. */
    begin(begun: BegunShare): void {
      if (entries !== UNLISTED || state === 'ended') return
      const isWelcome = rules !== undefined
      entries = begun.entries
      rules ??= begun.rules
      if (begun.given !== undefined) takes.answered(begun.given)
      if (begun.endCode !== undefined && !isWelcome) finish(begun.endCode)
      else if (begun.given !== undefined) onTaken()
      changes.emit()
    },
    /** Undefined: the sharer was not met. */
    begun: (): BegunShare | undefined => rules && { entries, rules, given: takes.hasTaken ? takes.wanted : undefined, ...lasting(endCode) },
    /** Nobody was found who is the sharer. */
    notFound(): void {
      if (state === 'looking') become('away')
    },
    send: (frame: ShareFrame) => sharer?.send(frame),
    /** A piece has come. */
    cameBy(by: PieceWay): void {
      const now = by !== 'home' ? by : sharer?.way === 'socket' ? 'socket' : 'relayed'
      if (now === way) return
      way = now
      sharer?.send({ type: 'way', way })
      changes.emit()
    },
    /** @throws {MayflyError} when nothing of it can be fetched now */
    mustFind: (id: number) => takes.mustFind(id, entries),
    async enter(password: string, { signal }: AbortOptions): Promise<void> {
      const link = mustMeet()
      entering?.reject(new MayflyError('ERR_REFUSED', 'Another password was entered after this one'))
      entering = silently()
      link.send({ type: 'password', password })
      await raceAbort(entering.promise, signal)
    },
    async take(ids: readonly number[] | undefined, { signal }: AbortOptions): Promise<void> {
      mustMeet()
      await takes.take(ids, sendTake, signal)
    },
    close(): void {
      const gone = new MayflyError('ERR_NOT_STARTED', 'The share was closed here')
      for (const each of [takes, entering]) each?.reject(gone)
      sharer?.close()
    },
  }
}
