/**
 * A received share that begins before this side has a peer: by its first stage where there is one, then by the peer, as one `ReceivedShare`. The
 * sharer meets one receiver, which comes a second time: it counts once, and what has come is not fetched again.
 */

import { createTimeout, onAbort, raceAbort } from '../../async/abort.ts'
import { createBackoff } from '../../async/backoff.ts'
import { delay } from '../../async/delay.ts'
import { createEmitter } from '../../async/emitter.ts'
import type { PieceStore } from '../../content/types.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyBase32 } from '../../keys/index.ts'
import type { AbortOptions } from '../../types.ts'
import { dropEarlySocket, type PageVisitor } from '../first/early-socket.ts'
import type { VisitorCarrier } from '../first/record-way.ts'
import { hasFirstStage } from '../first/session.ts'
import { type Chosen, chosenOf, idsOf, joinChosen } from '../format/chosen.ts'
import { RECEIVER_BYTES } from '../format/share-frames.ts'
import { type LinkSecrets, parseLink } from '../format/share-link.ts'
import type { FetchEntryOptions, FetchShape, ReceivedShare, ReceiveShareOptions, Sharing } from '../types.ts'
import type { ReceiveBegunOptions } from './begun-share.ts'
import { shapeOf } from './fetch-shape.ts'
import { type FirstVisit, startFirstVisit } from './first-visit.ts'
import { shareError } from './received-state.ts'

export const EARLY_SHARE_DEFAULTS = {
  /** How long after the list the peer is loaded at the latest, in ms: its code would delay the first piece. */
  afterListMs: 150,
  /** How long after something was taken, in ms, while its first piece is not here. */
  afterTakeMs: 1_000,
  /** How long after the first piece, in ms: the page decrypts it. */
  afterPieceMs: 20,
  /** How long the first stage is waited for before the peer is loaded beside it, in ms. */
  firstMs: 1_500,
}

/** The waits before the peer is loaded again, in ms. */
const RETRY = { firstMs: 500, maxMs: 5_000 }

export interface EarlyShareParts {
  /** Opens the messages of a first stage to the sharer of that share, by its id in text form. Undefined where there is none. */
  openCarrier: ((id: string, visitor: PageVisitor) => VisitorCarrier) | undefined
  /** The sharing of this side's peer: called when it is to be loaded, and after a wait again where it could not be. */
  openSharing(): Promise<Pick<Sharing, 'receive'>>
}

/**
 * @param link a link or its path
 * @throws {MayflyError} ERR_SHARE_WRONG (mistyped), ERR_BAD_OPTION (none at all)
 */
export function receiveEarly(
  link: string,
  { receiver: known, label = '', signal }: ReceiveShareOptions,
  { openCarrier, openSharing }: EarlyShareParts,
): ReceivedShare {
  const { id, receiver, visit } = beginVisit(secretsOf(link), { receiver: known, label }, openCarrier)
  const changes = createEmitter<void>()
  const closing = new AbortController()
  /** The peer's part has met the sharer. */
  const met = Promise.withResolvers<ReceivedShare>()
  const begun = visit?.over.then(() => visit.state.begun())
  /** The peer may fetch what was taken. */
  const open = Promise.withResolvers<ReceivedShare>()
  for (const { promise } of [met, open]) promise.catch(() => {})
  let full: ReceivedShare | undefined
  let isMet = false
  let wanted: Chosen | undefined
  let isHelping: boolean | undefined

  const fail = (error: unknown) => [met, open].forEach(({ reject }) => void reject(error))
  const loading = createLoading(openSharing, begin, fail, closing.signal)
  if (visit === undefined) loading.now()
  else {
    void visit.over.then(loading.now)
    visit.state.changes.on(() => {
      const { entries, state } = visit.state
      if (entries.length > 0 || state === 'password') loading.soon()
      if (state === 'password') visit.close() // tries are counted for this side's peer, not for all of the gateway's visitors
      if (!isMet) changes.emit()
    })
  }

  function begin(sharing: Pick<Sharing, 'receive'>): void {
    if (closing.signal.aborted) return
    const options: ReceiveBegunOptions = { receiver, label, signal: closing.signal, ...(begun && { begun }) }
    full = sharing.receive(link, options)
    if (isHelping !== undefined) full.help(isHelping)
    full.onChange(onNews)
    onNews()
    void begun?.then(onNews)
  }

  function onNews(): void {
    if (full === undefined) return
    const { state, endCode } = full
    if (!isMet && state !== 'looking' && state !== 'away') {
      isMet = true
      met.resolve(full)
      if (wanted !== undefined && state !== 'ended') full.take(idsOf(wanted)).catch(() => {}) // the state says why
    }
    if (state === 'taken') {
      open.resolve(full)
      visit?.close()
    }
    // The sharer has gone, or has ended it: the peer has what was taken from the first stage, and looks for others that have the rest.
    if (visit?.ended !== undefined && visit.state.hasTaken && (state === 'away' || state === 'ended')) open.resolve(full)
    if (state === 'ended') open.reject(shareError(endCode ?? 'ERR_SHARE_ENDED'))
    changes.emit()
  }

  const stateNow = () => stateOf(visit, full, isMet)
  const endCodeNow = () => full?.endCode ?? (stateNow() === 'ended' ? visit?.state.endCode : undefined)
  const endError = () => shareError(endCodeNow() ?? 'ERR_SHARE_ENDED')
  const opened = ({ signal, onWaiting }: FetchEntryOptions) =>
    sayingWhileAway(raceAbort(open.promise, signal), () => stateNow() === 'away', changes.on, onWaiting)

  async function take(ids: readonly number[] | undefined, options: AbortOptions): Promise<void> {
    const now = stateNow()
    if (now === 'ended') throw endError()
    const isSeen = (visit?.state.entries.length ?? 0) > 0 // then the peer takes it when it meets the sharer
    if (now === 'away' || (now === 'looking' && !isSeen)) throw new MayflyError('ERR_UNAVAILABLE', 'The sharer is not here now')
    wanted = joinChosen(wanted, chosenOf(ids))
    const done = Promise.withResolvers<void>()
    if (visit?.state.isMet === true && !isMet) {
      loading.hold()
      visit.state.take(ids, options).then(done.resolve, () => stateNow() === 'ended' && done.reject(endError()))
      visit.begin(ids)
    }
    met.promise.then((share) => share.take(ids, options)).then(done.resolve, done.reject)
    await raceAbort(done.promise, options.signal)
  }

  async function fetch(
    entry: number,
    storeFor: (shape: FetchShape) => Promise<PieceStore>,
    options: FetchEntryOptions,
  ): Promise<FetchShape> {
    const isEarly = visit !== undefined && visit.ended === undefined && !isMet && visit.state.hasTaken
    if (!isEarly) {
      if (!isMet && wanted === undefined) throw new MayflyError('ERR_REFUSED', 'Take it first: nothing is fetched before')
      const isUntaken = isMet && wanted === undefined // by this page: the peer knows what was taken before
      return (isUntaken && full ? full : await opened(options)).fetch(entry, storeFor, options)
    }
    const found = visit.state.mustFind(entry)
    const shape = shapeOf(found)
    const storing = storeFor(shape)
    const onProgress = (bytes: number) => {
      loading.behindPiece()
      options.onProgress?.(bytes)
    }
    const isComplete = await visit.fetch(found, storing, { ...options, onProgress })
    const store = await storing
    if (!isComplete || options.isDoubtful === true) return (await opened(options)).fetch(entry, async () => store, options)
    open.promise.then((share) => share.fetch(entry, async () => store)).catch(() => {}) // it is here: the peer passes it on to others
    return shape
  }

  function close(): Promise<void> {
    closing.abort(new MayflyError('ERR_NOT_STARTED', 'The share was closed here'))
    visit?.close()
    fail(closing.signal.reason)
    return full?.close() ?? Promise.resolve()
  }
  onAbort(signal, () => void close())

  return {
    id,
    get state() {
      return stateNow()
    },
    get endCode() {
      return endCodeNow()
    },
    get entries() {
      return isMet && full !== undefined && full.entries.length > 0 ? full.entries : (visit?.state.entries ?? full?.entries ?? [])
    },
    get rules() {
      return full?.rules ?? visit?.state.rules
    },
    get way() {
      return full?.way ?? visit?.state.way
    },
    get helpers() {
      return full?.helpers ?? 0
    },
    onChange: changes.on,
    enter: async (password, options = {}) => (await raceAbort(met.promise, options.signal)).enter(password, options),
    take: (ids, options = {}) => take(ids, options),
    open: async (entry, options = {}) => (await raceAbort(open.promise, options.signal)).open(entry, options),
    fetch: (entry, storeFor, options = {}) => fetch(entry, storeFor, options),
    saved(entry) {
      visit?.state.send({ type: 'saved', entry })
      open.promise.then((share) => share.saved(entry)).catch(() => {})
    },
    tell: (problem) => void met.promise.then((share) => share.tell(problem)).catch(() => {}),
    help(helps) {
      isHelping = helps
      full?.help(helps)
    },
    close,
  }
}

/** Goes on as the receiver that has said hello early, where there is one. */
function beginVisit(link: LinkSecrets, visitor: PageVisitor, openCarrier: EarlyShareParts['openCarrier']) {
  const id = encodeKeyBase32(link.id)
  const carrier = hasFirstStage() ? openCarrier?.(id, visitor) : undefined
  const receiver = visitor.receiver ?? carrier?.greeting?.receiver ?? crypto.getRandomValues(new Uint8Array(RECEIVER_BYTES))
  const visit: FirstVisit | undefined = carrier && startFirstVisit({ link, receiver, label: visitor.label, carrier })
  return { id, receiver, visit }
}

/** For a mistyped link the first script of the document may have opened a websocket, too. */
function secretsOf(link: string): LinkSecrets {
  try {
    return parseLink('s', link)
  } catch (error) {
    dropEarlySocket()
    throw error
  }
}

/** The promise; while it waits, the caller hears that the sharer is away. */
async function sayingWhileAway<T>(
  promise: Promise<T>,
  isAway: () => boolean,
  onChange: (listener: () => void) => () => void,
  onWaiting: FetchEntryOptions['onWaiting'],
): Promise<T> {
  let hasSaid = false
  const look = () => {
    if (hasSaid || !isAway()) return
    hasSaid = true
    onWaiting?.(true)
  }
  const stop = onChange(look)
  look()
  try {
    return await promise
  } finally {
    stop()
    if (hasSaid) onWaiting?.(false)
  }
}

/**
 * A first stage that is over without a word of the sharer says nothing of them: its gateway may have gone. They are sought by the peer.
 *
 * @param isMet the peer has met the sharer: from then on it says how things stand
 */
function stateOf(visit: FirstVisit | undefined, full: ReceivedShare | undefined, isMet: boolean): ReceivedShare['state'] {
  if (full !== undefined && isMet) return full.state === 'listed' && visit?.state.hasTaken === true ? 'taken' : full.state
  if (visit === undefined) return full?.state ?? 'looking'
  if (full?.state === 'away') return 'away'
  const { state, endCode, entries, hasTaken } = visit.state
  if (state === 'ended' && endCode !== 'ERR_SHARE_FULL') return 'ended' // there may be a place for the peer
  if (visit.ended === undefined) return state
  // The peer was welcomed, by which the sharer ends the first stage; the peer's list is on its way.
  if (full?.state === 'looking' && full.way !== undefined && entries.length > 0) return hasTaken ? 'taken' : 'listed'
  return visit.ended === 'left' ? 'away' : 'looking'
}

/**
 * Loads the peer when nothing better is to be done: its code would delay the list, and the first piece. Where it cannot be loaded, since the gateway
 * has gone for instance, it is tried again.
 */
function createLoading<T>(load: () => Promise<T>, onLoaded: (loaded: T) => void, onFailed: (error: unknown) => void, signal: AbortSignal) {
  let isOver = false
  let wait = createTimeout(EARLY_SHARE_DEFAULTS.firstMs)
  let isSoon = false
  let hasPiece = false
  onAbort(wait.signal, now)
  onAbort(signal, now)

  function now(): void {
    if (isOver) return
    isOver = true
    wait.end()
    if (!signal.aborted) loadAtLast().then(onLoaded).catch(onFailed)
  }

  async function loadAtLast(): Promise<T> {
    for (const backoff = createBackoff(RETRY, Math.random); ; ) {
      try {
        return await load()
      } catch {
        await delay(backoff.next(), { signal })
      }
    }
  }

  function after(ms: number): void {
    if (isOver) return
    wait.end()
    wait = createTimeout(ms)
    onAbort(wait.signal, now)
  }

  return {
    now,
    /** The list is here. */
    soon(): void {
      if (isSoon) return
      isSoon = true
      after(EARLY_SHARE_DEFAULTS.afterListMs)
    },
    /** Something was taken: its first piece comes first. */
    hold: () => after(EARLY_SHARE_DEFAULTS.afterTakeMs),
    /** The first piece is here: the page uses it first. */
    behindPiece(): void {
      if (hasPiece) return
      hasPiece = true
      after(EARLY_SHARE_DEFAULTS.afterPieceMs)
    },
  }
}
