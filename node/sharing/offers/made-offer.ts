/** One offer that this account has made, as long as this peer runs: its share, who is asked, and what becomes of it in the record. */

import { bytesToHex } from '@noble/hashes/utils.js'
import { createEmitter } from '../../async/emitter.ts'
import { createSoon } from '../../async/soon.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyBase32, equalBytes } from '../../keys/index.ts'
import type { StoredRecord } from '../../people/account/stored-record.ts'
import type { MadeOffer } from '../offer-types.ts'
import type { Share, ShareReceiver } from '../types.ts'
import type { Correspondents } from './correspondents.ts'
import { createGiving } from './giving.ts'
import { contentsOf, filesOfSnapshot, isOver, sumOf, withAnswer } from './made-state.ts'
import type { AnswerReply, OfferAnswer, OfferMessage } from './offer-message.ts'
import type { KeptMade } from './offer-records.ts'

/** A share changes with each file that is read; it is kept this long after a change, in ms. */
const KEEP_MS = 500

export interface MadeOfferContext {
  correspondents: Correspondents
  record: Pick<StoredRecord<readonly KeptMade[]>, 'value' | 'change'>
  /** It has changed. */
  onChange(): void
  /** It was closed. */
  onClosed(): void
}

export type LiveOffer = ReturnType<typeof createMadeOffer>

export function createMadeOffer(first: KeptMade, { correspondents, record, onChange, onClosed }: MadeOfferContext) {
  const { tell, instancesOf } = correspondents
  const id = bytesToHex(first.offer)
  const changes = createEmitter<void>()
  const giving = createGiving({ tell, message, takeAnswer })
  let share: Share | undefined
  let stopListening = () => {}
  const keeping = createSoon(keep)
  let isStopped = false

  const find = () => record.value.find(({ offer }) => bytesToHex(offer) === id)
  /** It stays as it was once it is closed. */
  const kept = () => find() ?? first

  function changed(): void {
    changes.emit()
    onChange()
  }

  /** An offer that is over stays as it is. @throws {MayflyError} ERR_NOT_STORED */
  const update = (change: (before: KeptMade) => KeptMade) =>
    record.change((all) => all.map((each) => (bytesToHex(each.offer) === id && !isOver(each.state) ? change(each) : each)))

  /** Undefined when it is over, or when its files are not here and nobody has taken it. */
  function message(): OfferMessage | undefined {
    const now = find()
    if (isStopped || now === undefined || isOver(now.state) || (share === undefined && now.state !== 'taken')) return undefined
    const { offer, words, count, bytes } = now
    return { type: 'offer', offer, share: now.share, words, ...(share === undefined ? { count, bytes, files: [] } : contentsOf(share)) }
  }

  /** @returns 'late', when another instance has taken it */
  async function takeAnswer(instance: string, answer: OfferAnswer): Promise<AnswerReply> {
    const before = find()
    if (before === undefined) return 'unknown'
    const { receiver } = before
    if (answer.receiver !== undefined && receiver !== undefined && !equalBytes(answer.receiver, receiver)) return 'late'
    if (isOver(before.state)) return answer.state === before.state ? 'known' : 'late'
    if (answer.state === 'asked') giving.asked.add(instance)
    await update((each) => withAnswer(each, answer))
    const { state } = kept()
    if (state !== 'waiting') giving.stop(first.offer, state === 'refused' ? 'withdrawn' : 'taken', instance)
    if (isOver(state)) await rest()
    changed()
    return 'known'
  }

  /** Nothing of it is done any more, and a share of its own ends. */
  async function rest(): Promise<void> {
    letGo()
    if (first.isOwn && share?.state === 'open') await share.end()
  }

  function letGo(): void {
    stopListening()
    keeping.cancel()
  }

  async function end(text: string): Promise<void> {
    if (find() === undefined || isOver(kept().state)) return
    giving.stop(first.offer, 'withdrawn', '')
    await update((each) => ({ ...each, state: 'ended', text, snapshot: undefined }))
    await rest()
    changed()
  }

  function keep(): void {
    const opened = share
    if (!first.isOwn || opened === undefined) return
    const snapshot = opened.snapshot()
    update((each) => ({ ...each, ...sumOf(opened), snapshot })).catch(() => {}) // the one before stays
  }

  function lookAt(opened: Share): void {
    const { state, receiver } = kept()
    if (isOver(state)) return
    const isTheirs = (other: string) => first.isOwn || (receiver !== undefined && bytesToHex(receiver) === other)
    const isDone = opened.receivers.some((each) => each.state === 'done' && isTheirs(each.id))
    if (isDone) takeAnswer('', { state: 'done', receiver: undefined, text: '' }).catch(() => {})
    else if (opened.state === 'ended') end('Its share has ended').catch(() => {})
    else keeping.ask(KEEP_MS)
    changed()
  }

  function attach(opened: Share): void {
    letGo()
    share = opened
    stopListening = opened.onChange(() => lookAt(opened))
    lookAt(opened)
    for (const instance of instancesOf(first.account)) giving.giveTo(instance)
  }

  /** One that may have been heard of, and is not done, stays in the record, so that it is told to those who were away. */
  async function close(): Promise<void> {
    const now = find()
    if (now === undefined || now.state === 'withdrawn') return
    const isHeard = now.state === 'done' || now.state === 'refused'
    const gone: KeptMade = { ...now, state: 'withdrawn', text: '', words: '', snapshot: undefined }
    await record.change((all) => all.flatMap((each) => (bytesToHex(each.offer) !== id ? [each] : isHeard ? [] : [gone])))
    giving.stop(first.offer, 'withdrawn', '')
    // An instance that has taken it is not asked any more.
    if (now.state === 'taken')
      for (const instance of instancesOf(now.account)) void tell(instance, { type: 'over', offer: now.offer, reason: 'withdrawn' })
    await rest()
    onClosed()
    changed()
  }

  const face = faceOf(first, kept, {
    correspondents,
    share: () => share,
    isAsked: () => giving.asked.size > 0,
    bring(back) {
      if (back.id !== encodeKeyBase32(first.share.id))
        throw new MayflyError('ERR_BAD_OPTION', 'Cannot bring the share of this offer back: it is another one')
      attach(back)
    },
    onChange: changes.on,
    close,
  })

  return {
    face,
    attach,
    takeAnswer,
    end,
    changed,
    giveTo: giving.giveTo,
    leave: giving.leave,
    stop(): void {
      isStopped = true
      const hasChanged = keeping.cancel()
      letGo()
      if (hasChanged) keep()
      giving.stop(first.offer, 'withdrawn', '')
    },
  }
}

interface Parts extends Pick<MadeOffer, 'bring' | 'onChange' | 'close'> {
  correspondents: Correspondents
  share(): Share | undefined
  isAsked(): boolean
}

/** The offer as its maker sees it, always as it is now. */
function faceOf(first: KeptMade, kept: () => KeptMade, { correspondents, share, isAsked, bring, onChange, close }: Parts): MadeOffer {
  return {
    ...{ id: bytesToHex(first.offer), account: first.account, words: first.words, atMs: first.atMs, bring, onChange, close },
    get count() {
      return kept().count
    },
    get bytes() {
      return kept().bytes
    },
    get files() {
      const opened = share()
      return opened === undefined ? filesOfSnapshot(kept().snapshot) : contentsOf(opened).files
    },
    get state() {
      const { state } = kept()
      if (state === 'withdrawn') return 'ended'
      return state === 'waiting' && isAsked() ? 'asked' : state
    },
    get isAway() {
      return correspondents.instancesOf(first.account).length === 0
    },
    get text() {
      return kept().text
    },
    get receiver() {
      const { receiver } = kept()
      const isTheirs = ({ id, taken }: ShareReceiver) =>
        receiver === undefined ? first.isOwn && taken !== undefined : id === bytesToHex(receiver)
      return share()?.receivers.find(isTheirs)
    },
    get share() {
      return share()
    },
    get snapshot() {
      return kept().snapshot
    },
  }
}
