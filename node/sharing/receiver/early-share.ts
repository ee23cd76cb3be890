/**
 * A received share that begins before this side has a peer: by its first stage where there is one, then by the peer, as one `ReceivedShare`. The
 * sharer meets one receiver, which comes a second time: it counts once, and what has come is not fetched again.
 */

import { createTimeout, onAbort, raceAbort } from '../../async/abort.ts'
import { createEmitter } from '../../async/emitter.ts'
import type { PieceStore } from '../../content/types.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyBase32 } from '../../keys/index.ts'
import type { AbortOptions } from '../../types.ts'
import type { MessageCarrier } from '../first/record-way.ts'
import { hasFirstStage } from '../first/session.ts'
import { type Chosen, chosenOf, idsOf, joinChosen } from '../format/chosen.ts'
import { RECEIVER_BYTES } from '../format/share-frames.ts'
import { parseLink } from '../format/share-link.ts'
import type { FetchEntryOptions, FetchShape, ReceivedShare, ReceiveShareOptions, Sharing } from '../types.ts'
import { shapeOf } from './fetch-shape.ts'
import { type FirstVisit, startFirstVisit } from './first-visit.ts'
import { shareError } from './received-state.ts'

export const EARLY_SHARE_DEFAULTS = {
  /** How long after the list the peer is loaded at the latest, in ms: its code would delay the first piece. */
  afterListMs: 150,
  /** How long after something was taken, in ms, while its first piece is not here. */
  afterTakeMs: 1_000,
  /** How long the first stage is waited for before the peer is loaded beside it, in ms. */
  firstMs: 1_500,
}

export interface EarlyShareParts {
  /** Opens the messages of a first stage to the sharer of that share, by its id in text form. Undefined where there is none. */
  openCarrier: ((id: string) => MessageCarrier) | undefined
  /** The sharing of this side's peer: called once, when it is to be loaded. */
  openSharing(): Promise<Pick<Sharing, 'receive'>>
}

/**
 * @param link a link or its path
 * @throws {MayflyError} ERR_SHARE_WRONG (mistyped), ERR_BAD_OPTION (none at all)
 */
export function receiveEarly(
  link: string,
  { receiver = crypto.getRandomValues(new Uint8Array(RECEIVER_BYTES)), label = '', signal }: ReceiveShareOptions,
  { openCarrier, openSharing }: EarlyShareParts,
): ReceivedShare {
  const secrets = parseLink('s', link)
  const id = encodeKeyBase32(secrets.id)
  const changes = createEmitter<void>()
  const closing = new AbortController()
  const carrier = hasFirstStage() ? openCarrier?.(id) : undefined
  const visit: FirstVisit | undefined = carrier && startFirstVisit({ link: secrets, receiver, label, carrier })
  /** The peer's part has met the sharer. */
  const met = Promise.withResolvers<ReceivedShare>()
  /** The peer may fetch what was taken. */
  const open = Promise.withResolvers<ReceivedShare>()
  for (const { promise } of [met, open]) promise.catch(() => {})
  let full: ReceivedShare | undefined
  let isMet = false
  let wanted: Chosen | undefined
  let isHelping: boolean | undefined

  const fail = (error: unknown) => [met, open].forEach(({ reject }) => void reject(error))
  const loading = createLoading(openSharing, begin, fail)
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
    full = sharing.receive(link, { receiver, label, signal: closing.signal })
    if (isHelping !== undefined) full.help(isHelping)
    full.onChange(onNews)
    onNews()
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
    if (state === 'ended') open.reject(shareError(endCode ?? 'ERR_SHARE_ENDED'))
    changes.emit()
  }

  const stateNow = () => stateOf(visit, full, isMet)

  async function take(ids: readonly number[] | undefined, options: AbortOptions): Promise<void> {
    const now = stateNow()
    if (now === 'ended') throw shareError(full?.endCode ?? 'ERR_SHARE_ENDED')
    if (now === 'looking' || now === 'away') throw new MayflyError('ERR_UNAVAILABLE', 'The sharer is not here now')
    wanted = joinChosen(wanted, chosenOf(ids))
    const done = Promise.withResolvers<void>()
    if (visit?.state.isMet === true && !isMet) {
      loading.hold()
      visit.state.take(ids, options).then(done.resolve, () => {}) // the peer says why not
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
    const isEarly = visit !== undefined && !visit.isOver && !isMet && visit.state.hasTaken
    if (!isEarly) {
      if (!isMet && wanted === undefined) throw new MayflyError('ERR_REFUSED', 'Take it first: nothing is fetched before')
      const isUntaken = isMet && wanted === undefined // by this page: the peer knows what was taken before
      return (isUntaken && full ? full : await raceAbort(open.promise, options.signal)).fetch(entry, storeFor, options)
    }
    const found = visit.state.mustFind(entry)
    const shape = shapeOf(found)
    const storing = storeFor(shape)
    const isComplete = await visit.fetch(found, storing, (bytes) => {
      loading.now()
      options.onProgress?.(bytes)
    })
    const store = await storing
    if (!isComplete || options.isDoubtful === true)
      return (await raceAbort(open.promise, options.signal)).fetch(entry, async () => store, options)
    open.promise.then((share) => share.fetch(entry, async () => store)).catch(() => {}) // it is here: the peer passes it on to others
    return shape
  }

  function close(): Promise<void> {
    closing.abort(new MayflyError('ERR_NOT_STARTED', 'The share was closed here'))
    loading.end()
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
      return full?.endCode
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
      open.promise.then(
        (share) => share.saved(entry),
        () => {},
      )
    },
    tell: (problem) =>
      void met.promise.then(
        (share) => share.tell(problem),
        () => {},
      ),
    help(helps) {
      isHelping = helps
      full?.help(helps)
    },
    close,
  }
}

/** @param isMet the peer has met the sharer: from then on it says how things stand */
function stateOf(visit: FirstVisit | undefined, full: ReceivedShare | undefined, isMet: boolean): ReceivedShare['state'] {
  if (full !== undefined && isMet) return full.state === 'listed' && visit?.state.hasTaken === true ? 'taken' : full.state
  if (visit === undefined) return full?.state ?? 'looking'
  if (full?.state === 'away') return 'away'
  const { state, hasTaken, entries } = visit.state
  // The peer says how it ended, and whether the sharer has left.
  if (state === 'ended' || state === 'away') return hasTaken ? 'taken' : entries.length > 0 ? 'listed' : 'looking'
  return state
}

/** Loads the peer once, when nothing better is to be done: its code would delay the list, and the first piece. */
function createLoading<T>(open: () => Promise<T>, onLoaded: (loaded: T) => void, onFailed: (error: unknown) => void) {
  let isOver = false
  let wait = createTimeout(EARLY_SHARE_DEFAULTS.firstMs)
  let isSoon = false
  onAbort(wait.signal, now)

  function now(): void {
    if (isOver) return
    isOver = true
    wait.end()
    open().then(onLoaded, onFailed)
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
    /** It is not wanted any more. */
    end(): void {
      isOver = true
      wait.end()
    },
  }
}
