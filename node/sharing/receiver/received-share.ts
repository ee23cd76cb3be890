/** Somebody's share, as this peer receives it: finds its sharer, comes back when the sharer does, and fetches what was taken. */

import { onAbort } from '../../async/abort.ts'
import { createWakeUp } from '../../async/wake-up.ts'
import type { ContentService } from '../../content/content.ts'
import { openSealed } from '../../content/index.ts'
import type { OpenedContent } from '../../content/types.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyBase32 } from '../../keys/index.ts'
import type { Hold, Rendezvous } from '../../rendezvous/types.ts'
import type { AbortOptions } from '../../types.ts'
import type { ListedEntry } from '../format/share-entry.ts'
import { MAX_PROBLEM_LENGTH } from '../format/share-frames.ts'
import { helpersKeyOf, swarmKeyOf } from '../format/share-keys.ts'
import type { LinkSecrets } from '../format/share-link.ts'
import { isList, isWelcome } from '../format/share-signatures.ts'
import type { OpenedEntry, ReceivedShare } from '../types.ts'
import type { ReceiveBegunOptions } from './begun-share.ts'
import { createEntryFetches } from './entry-fetches.ts'
import { otherSize } from './fetch-shape.ts'
import { createReceivedState, type PieceWay, shareError } from './received-state.ts'
import { createReports } from './reports.ts'
import type { SharerLinkOptions } from './sharer-link.ts'
import { searchSharer } from './sharer-search.ts'

export interface ReceiverContext {
  self: string
  ways: SharerLinkOptions['ways']
  rendezvous: Pick<Rendezvous, 'find' | 'watch'> & {
    /** Hears each time that this peer has joined: nobody could be asked before. Returns the function that ends it. */
    onJoined(listener: () => void): () => void
  }
  content: Pick<ContentService, 'open' | 'receive' | 'hold' | 'holdParts' | 'release'>
  monotonic(): number
  randomBytes(length: number): Uint8Array
  /** Hears of each piece that comes. Returns the function that ends it. */
  onPiece(listener: (key: string, by: PieceWay) => void): () => void
}

const RECEIVER_BYTES = 16

export function receiveShare(context: ReceiverContext, link: LinkSecrets, options: ReceiveBegunOptions): ReceivedShare {
  const { self, ways, rendezvous, content, monotonic, randomBytes } = context
  const { receiver = randomBytes(RECEIVER_BYTES), label = '' } = options
  const closing = new AbortController()
  const wake = createWakeUp()
  /** One for each content that is sought. */
  const waiting = new Set<ReturnType<typeof createWakeUp>>()
  /** Undefined: nobody has counted them yet. */
  let helpers: number | undefined
  let isHelping = true
  let helpersHold: Hold | undefined
  const share = createReceivedState({ onTaken, onOver })
  const reports = createReports({ monotonic, send: share.send })
  const fetches = createEntryFetches({
    content,
    swarmKey: swarmKeyOf(link),
    helpersKey: helpersKeyOf(link),
    sharer: share.sharer,
    waiting,
    mustGoOn,
  })
  const endPieces = context.onPiece((hash, by) => {
    if (share.entries.some((entry) => entry.hash === hash)) share.cameBy(by)
  })

  const endJoined = rendezvous.onJoined(() => {
    if (!share.isMet) wake.ring()
    for (const bell of waiting) bell.ring()
  })

  function onTaken(): void {
    showHelp()
    reports.again()
    for (const bell of waiting) bell.ring()
  }

  function onOver(): void {
    for (const bell of waiting) bell.ring()
    if (share.state === 'ended' && helpers === 0) void fetches.endComing()
    wake.ring()
  }

  function mustGoOn(): void {
    closing.signal.throwIfAborted()
    if (share.state === 'ended' && helpers === 0) throw shareError(share.endCode ?? 'ERR_SHARE_ENDED')
  }

  /** Others see that there is one more who helps, once this peer has something to give. */
  function showHelp(): void {
    if (isHelping && share.hasTaken && !closing.signal.aborted) helpersHold ??= content.holdParts(helpersKeyOf(link))
    else {
      void helpersHold?.release()
      helpersHold = undefined
    }
  }

  function onHelpers(others: number): void {
    helpers = others
    if (closing.signal.aborted) return
    if (share.state === 'ended' && helpers === 0) onOver()
    share.changes.emit()
  }

  async function watchHelpers(signal: AbortSignal): Promise<void> {
    for await (const count of rendezvous.watch(helpersKeyOf(link), { signal })) {
      const others = Math.max(0, count - (helpersHold === undefined ? 0 : 1))
      if (others !== helpers) onHelpers(others)
    }
  }

  async function close(): Promise<void> {
    if (closing.signal.aborted) return
    closing.abort(new MayflyError('ERR_NOT_STARTED', 'The share was closed here'))
    endPieces()
    endJoined()
    reports.flush()
    share.close()
    wake.ring()
    for (const bell of waiting) bell.ring()
    showHelp()
    await fetches.close()
  }

  searchSharer(
    {
      rendezvous,
      monotonic,
      state: share,
      link: { self, ways, link, receiver, label, checks: { isWelcome, isList }, news: share.news },
      wake,
    },
    closing.signal,
  )
  watchHelpers(closing.signal).catch(() => onHelpers(0)) // ended, or it cannot be watched: nobody helps, as far as is known
  void options.begun?.then((begun) => begun && !closing.signal.aborted && share.begin(begun))
  onAbort(
    closing.signal,
    onAbort(options.signal, () => void close()),
  )

  return {
    id: encodeKeyBase32(link.id),
    get state() {
      return share.state
    },
    get endCode() {
      return share.endCode
    },
    get entries() {
      return share.entries
    },
    get rules() {
      return share.rules
    },
    get way() {
      return share.way
    },
    get helpers() {
      return helpers ?? 0
    },
    onChange: share.changes.on,
    enter: (password, abort = {}) => share.enter(password, abort),
    take: (wanted, abort = {}) => share.take(wanted, abort),
    async open(id, abort: AbortOptions = {}): Promise<OpenedEntry> {
      const entry = share.mustFind(id)
      return openPlain(await fetches.open(entry, abort), entry, abort)
    },
    async fetch(id, storeFor, abort = {}) {
      const entry = share.mustFind(id)
      const signal = abort.signal ? AbortSignal.any([abort.signal, closing.signal]) : closing.signal
      const plainOf = (bytes: number) => (entry.travelSize === 0 ? entry.size : Math.floor((bytes / entry.travelSize) * entry.size))
      return fetches.fetch(entry, storeFor, {
        ...abort,
        signal,
        onProgress(bytes) {
          reports.progress(id, plainOf(bytes))
          abort.onProgress?.(bytes)
        },
      })
    },
    saved: reports.saved,
    tell: (text) => void share.send({ type: 'problem', text: text.slice(0, MAX_PROBLEM_LENGTH).toWellFormed() }),
    help(helps) {
      isHelping = helps
      fetches.help(helps)
      showHelp()
    },
    close,
  }
}

/** @throws {MayflyError} ERR_UNAVAILABLE: it is not of the size that its sharer says */
async function openPlain(opened: OpenedContent, { travelSize, linkKey, size }: ListedEntry, abort: AbortOptions): Promise<OpenedEntry> {
  if (opened.size !== travelSize) throw otherSize()
  if (linkKey === undefined) return { size: opened.size, read: (part, read) => opened.read(part, read) }
  const plain = await openSealed(opened, linkKey, abort)
  if (plain.size !== size) throw otherSize()
  return { size: plain.size, read: (part, read) => plain.read(part, read) }
}
