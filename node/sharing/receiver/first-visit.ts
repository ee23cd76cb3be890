/**
 * The first stage of receiving a share, before this side has a peer: the list, what was taken, and the first pieces of it, through the gateway that
 * served the page. It ends when the sharer meets the peer, which goes on from what has come.
 */

import { raceAbort } from '../../async/abort.ts'
import { pieceBytesFor } from '../../content/index.ts'
import type { PieceStore } from '../../content/types.ts'
import { MayflyError } from '../../errors.ts'
import { createFirstKeys, encodeFirstKey, type FirstKeys } from '../first/first-keys.ts'
import { NATIVE_CHECKS } from '../first/native-checks.ts'
import { createRecordWay, type MessageCarrier, type VisitorCarrier } from '../first/record-way.ts'
import { decodeFirstKey, type FirstSession, openFirstSession } from '../first/session.ts'
import type { LinkSecrets } from '../format/share-link.ts'
import type { FetchEntryOptions } from '../types.ts'
import { bytesThere, hasPiece, mustAddUp, type ReadyEntry } from './fetch-shape.ts'
import { createFirstPieces, createWants } from './first-pieces.ts'
import { createReceivedState } from './received-state.ts'
import { openSharerLink, type SharerNews } from './sharer-link.ts'

const NO_DIRECT = { wantDirect: () => false, mayOpenDirect: () => false, answerDirect: () => undefined }

interface FirstVisitOptions {
  link: LinkSecrets
  receiver: Uint8Array
  label: string
  carrier: VisitorCarrier
}

export type FirstVisit = ReturnType<typeof startFirstVisit>

export function startFirstVisit({ link, receiver, label, carrier }: FirstVisitOptions) {
  const closing = new AbortController()
  const over = Promise.withResolvers<void>()
  /** 'left': the sharer has gone. */
  let ended: 'left' | 'over' | undefined
  const state = createReceivedState({ onTaken: () => {}, onOver: end })
  const wants = createWants((entry, piece) => state.send({ type: 'want', entry, piece }))
  const pieces = createFirstPieces(wants)

  function end(reason: 'left' | 'over' = 'over'): void {
    if (ended !== undefined) return
    ended = reason
    closing.abort(new MayflyError('ERR_LEFT', 'The first stage is over'))
    wants.end()
    carrier.close()
    over.resolve()
    state.changes.emit()
  }

  async function openSession(key: Promise<Uint8Array>): Promise<FirstSession> {
    if (carrier.greeting !== undefined) return carrier.greeting.session
    const [message, own] = await Promise.all([key, carrier.keys ?? sendKeys(carrier)])
    return openFirstSession('receiver', own, decodeFirstKey(message), link)
  }

  async function run(): Promise<void> {
    const { key, records } = splitKey(carrier, closing.signal, end)
    const session = await openSession(key)
    const way = createRecordWay(records, session, 'outbound', session.ends.owner)
    const ways = { ...NO_DIRECT, open: async () => way }
    const over: SharerNews['over'] = (code, reason) => {
      // It has ended before its state says so: by then whoever looks knows what that means.
      if (code === undefined) end(reason instanceof MayflyError && reason.code === 'ERR_LEFT' ? 'left' : 'over')
      state.news.over(code)
    }
    const news = { ...state.news, part: wants.take, over }
    await openSharerLink(
      { peer: session.ends.owner, home: '', addresses: [] },
      { self: session.ends.visitor, ways, link, receiver, label, isGreeted: carrier.greeting !== undefined, checks: NATIVE_CHECKS, news },
      closing.signal,
    )
  }

  run().catch(() => end())
  return {
    state,
    /** Resolves when it has ended, however. */
    over: over.promise,
    get ended() {
      return ended
    },
    /** Asks for the beginning of the first large entry of these with the same breath as it is taken. */
    begin(ids: readonly number[] | undefined): void {
      if (state.rules?.ask !== false) return // else the sharer may take its time, and say no
      const entry = state.entries.find((each) => each.outline !== undefined && (ids === undefined || ids.includes(each.id)))
      if (entry?.hash !== undefined && entry.outline !== undefined) pieces.begin({ ...entry, hash: entry.hash, outline: entry.outline })
    },
    /**
     * Fetches what comes this way into the store: checked pieces that it lacks. True when it has all of them then.
     *
     * @throws what the store throws
     */
    async fetch(
      entry: ReadyEntry,
      storing: Promise<PieceStore>,
      { onProgress, onBeginning }: Required<Pick<FetchEntryOptions, 'onProgress'>> & Pick<FetchEntryOptions, 'onBeginning'>,
    ): Promise<boolean> {
      mustAddUp(entry)
      const { id, outline, travelSize, size } = entry
      const pieceBytes = outline ? pieceBytesFor(travelSize) : Math.max(1, travelSize)
      storing.catch(() => {})
      const watched = watchStore(storing)
      const thereNow = async () => (travelSize === 0 ? 0 : bytesThere((await storing).have, travelSize, pieceBytes))
      const report = (bytes: number) => {
        onProgress(bytes)
        state.send({ type: 'progress', reports: [[id, travelSize === 0 ? size : Math.floor((bytes / travelSize) * size)]] })
      }
      const reportStored = async () => report(await thereNow())
      try {
        if (outline === undefined) await pieces.fetchWhole(entry, await watched.storing)
        else {
          const listener = { onFirst: report, onStored: () => void reportStored(), onBeginning }
          await pieces.fetch({ ...entry, outline }, watched.storing, listener)
        }
      } catch {
        await storing // a reason of its own comes first
        watched.throwFailure()
        end() // the peer fetches the rest
      }
      await reportStored()
      const { have } = await storing
      return travelSize === 0 ? hasPiece(have, 0) : (await thereNow()) === travelSize
    },
    close(): void {
      state.close()
      end()
    },
  }
}

/** Tells the failures of a store from those of the first stage: these alone are mended by the peer. */
function watchStore(opening: Promise<PieceStore>) {
  let failure: { error: unknown } | undefined
  const storing = opening.then(
    (store): PieceStore => ({
      get have() {
        return store.have
      },
      read: (index) => store.read(index),
      write: (index, bytes) =>
        store.write(index, bytes).catch((error: unknown) => {
          failure = { error }
          throw error
        }),
    }),
  )
  storing.catch(() => {})
  return {
    storing,
    throwFailure(): void {
      if (failure !== undefined) throw failure.error
    },
  }
}

/** The sharer agrees on the session while this end does. */
async function sendKeys(carrier: MessageCarrier): Promise<FirstKeys> {
  const keys = await createFirstKeys()
  carrier.send(encodeFirstKey(keys))
  return keys
}

/** The sharer's key, which comes first, and the carrier of the records behind it: they may come before somebody listens to them. */
function splitKey(carrier: MessageCarrier, signal: AbortSignal, onEnd: () => void): { key: Promise<Uint8Array>; records: MessageCarrier } {
  const key = Promise.withResolvers<Uint8Array>()
  key.promise.catch(() => {}) // a hello that was said early has used it
  const listening = Promise.withResolvers<Parameters<MessageCarrier['onMessage']>[0]>()
  let isFirst = true
  carrier.onMessage(async (message) => {
    if (!isFirst) return (await raceAbort(listening.promise, signal))(message)
    isFirst = false
    key.resolve(message)
  })
  carrier.onEnd((reason) => {
    key.reject(reason ?? new MayflyError('ERR_LEFT', 'The gateway has ended the visit'))
    onEnd()
  })
  const records: MessageCarrier = {
    get unsentBytes() {
      return carrier.unsentBytes
    },
    send: carrier.send,
    writable: carrier.writable,
    onMessage: listening.resolve,
    onEnd: carrier.onEnd,
    close: carrier.close,
    abort: carrier.abort,
  }
  return { key: key.promise, records }
}
