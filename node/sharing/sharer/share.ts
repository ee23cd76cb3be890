/** A share of this peer's own: its list, its rules, and a conversation with each receiver. */

import { createTimeout, onAbort } from '../../async/abort.ts'
import { createEmitter } from '../../async/emitter.ts'
import type { ContentStore } from '../../content/types.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyBase32, sha256AtOnce } from '../../keys/index.ts'
import { createSigningSecret, publicKeyOf } from '../../keys/signing.ts'
import { swarmKeyOf } from '../format/share-keys.ts'
import { LINK_SECRET_BYTES, linkPathOf } from '../format/share-link.ts'
import type { Share, ShareCode, ShareItem, ShareOptions, ShareRules } from '../types.ts'
import { admitAsked, createAdmission, dismiss, isLocked, isPeerRefused, unlock } from './admission.ts'
import { createConversations } from './conversations.ts'
import type { ReceiverLink } from './receiver-link.ts'
import { createShareList } from './share-list.ts'
import { createShareReceivers } from './share-receivers.ts'
import { decodeShareRecord, encodeShareRecord, type ShareRecord } from './share-record.ts'

export interface ShareContext {
  /** This peer's id in text form. */
  self: string
  content: Pick<ContentStore, 'hold' | 'release'>
  /** Network time, in ms. */
  now(): number
  randomBytes(length: number): Uint8Array
  /** Nothing of it is given any more. */
  onEnded(): void
}

export type OwnShare = ReturnType<typeof createOwnShare>

/** The longest timer. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** @throws {MayflyError} ERR_BAD_OPTION, ERR_LIMIT, ERR_BAD_FRAME (no snapshot of a share) */
export function createOwnShare(context: ShareContext, items: readonly ShareItem[], { resume, ...given }: ShareOptions) {
  const { self, content, now, randomBytes, onEnded } = context
  const record = resume === undefined ? newRecord(cleanRules(given, now()), randomBytes) : decodeShareRecord(resume)
  const { seed, secret, rules } = record
  const publicKey = publicKeyOf(seed)
  const key = sha256AtOnce(publicKey)
  const link = { id: key, secret }
  const admission = {
    ...createAdmission(rules),
    receivers: new Map(record.receivers),
    peers: new Map(record.peers),
    wrongPasswords: record.wrongPasswords,
    endCode: record.endCode,
  }
  const changes = createEmitter<void>()
  let late: ReturnType<typeof createTimeout> | undefined
  let isReleased = false
  const list = createShareList({
    content,
    isSealed: rules.sealed !== false,
    randomBytes,
    kept: record.entries,
    onChange: () => conversations.onListChange(),
  })
  const receivers = createShareReceivers(admission, list.list)
  const conversations = createConversations(
    {
      ...{ self, keys: { seed, publicKey, link }, admission, list, receivers, now, onChange: changes.emit },
      onSaved(id, to) {
        if (rules.stopAfterFirst === true && receivers.isDone(id)) void end('ERR_SHARE_ENDED', to)
        else void settle()
      },
    },
    record.sequence,
  )

  /** @param spared the receiver that has everything: it closes by itself, and is not told as if it had come too late */
  async function end(code: ShareCode, spared?: ReceiverLink): Promise<void> {
    if (isReleased) return // it ended before, and stays ended for that reason
    admission.endCode = code
    for (const [id, receiver] of receivers.linked()) {
      const keepsPlace = code === 'ERR_SHARE_EXPIRED' && admission.receivers.get(id)?.place === 'taken'
      if (receiver.link !== spared && !keepsPlace) receiver.link.end(code)
    }
    changes.emit()
    await settle()
  }

  /** Contents are given until nobody may have them any more: who has taken the share in time may finish. */
  async function settle(): Promise<void> {
    if (admission.endCode === undefined || isReleased) return
    const unfinished = [...admission.receivers].some(([id, { place }]) => place === 'taken' && !receivers.isDone(id))
    if (admission.endCode === 'ERR_SHARE_EXPIRED' && unfinished) return
    isReleased = true
    late?.end()
    await list.close()
    onEnded()
  }

  function watchEnd(): void {
    if (rules.untilMs === undefined || admission.endCode !== undefined) return
    const leftMs = rules.untilMs - now()
    if (leftMs <= 0) return void end('ERR_SHARE_EXPIRED')
    late = createTimeout(Math.min(leftMs, MAX_TIMER_MS))
    onAbort(late.signal, watchEnd)
  }

  function mustBeOpen(what: string): void {
    if (admission.endCode !== undefined) throw new MayflyError('ERR_SHARE_ENDED', `Cannot ${what}: the share has ended`)
  }

  function mustKnow(id: string): void {
    if (!admission.receivers.has(id)) throw new MayflyError('ERR_BAD_OPTION', `This share has no receiver ${JSON.stringify(id)}`)
  }

  list.add(items)
  watchEnd()

  const share: Omit<Share, 'code'> = {
    id: encodeKeyBase32(key),
    path: linkPathOf('s', link),
    rules,
    get entries() {
      return list.list()
    },
    get receivers() {
      return receivers.list()
    },
    get state() {
      if (admission.endCode !== undefined) return 'ended'
      return isLocked(admission) ? 'locked' : 'open'
    },
    get endCode() {
      return admission.endCode
    },
    async add(more) {
      mustBeOpen('add to it')
      return list.add(more)
    },
    remove: (entry) => void list.remove(entry),
    rename: (entry, path) => list.rename(entry, path),
    admit(id, isAdmitted) {
      mustKnow(id)
      const to = receivers.get(id)?.link
      const admitted = admitAsked(admission, id, isAdmitted, now())
      if (to?.isOpen === true) conversations.answer(id, to, admitted)
      else changes.emit()
    },
    dismiss(id) {
      mustKnow(id)
      dismiss(admission, id)
      receivers.get(id)?.link?.end('ERR_SHARE_REFUSED')
      for (const [other, { link }] of receivers.linked()) if (isPeerRefused(admission, other)) link.end('ERR_SHARE_REFUSED') // the same peer under another id
      changes.emit()
      void settle()
    },
    unlock() {
      unlock(admission)
      changes.emit()
    },
    end: () => end('ERR_SHARE_ENDED'),
    onChange: changes.on,
    snapshot: () =>
      encodeShareRecord({
        ...{ seed, secret, rules, sequence: conversations.sequence, endCode: admission.endCode, wrongPasswords: admission.wrongPasswords },
        receivers: [...admission.receivers],
        peers: [...admission.peers],
        entries: list.kept(),
      }),
  }

  return {
    share,
    key,
    link,
    swarmKey: swarmKeyOf(link),
    onReleased: list.onReleased,
    get isReleased() {
      return isReleased
    },
    greet: conversations.greet,
    /** This peer stops: receivers see that it has left. */
    async stop(): Promise<void> {
      conversations.stop()
      late?.end()
      for (const [, receiver] of receivers.linked()) receiver.link.leave()
      await list.close()
    },
  }
}

function newRecord(rules: ShareRules, randomBytes: (length: number) => Uint8Array): ShareRecord {
  const fresh = { endCode: undefined, wrongPasswords: 0, sequence: 0, receivers: [], peers: [], entries: [] }
  return { seed: createSigningSecret(), secret: randomBytes(LINK_SECRET_BYTES), rules, ...fresh }
}

/** @throws {MayflyError} ERR_BAD_OPTION */
function cleanRules(
  { receivers, untilMs, password, ask = false, stopAfterFirst = false, sealed = true }: ShareRules,
  nowMs: number,
): ShareRules {
  const refuse = (reason: string) => new MayflyError('ERR_BAD_OPTION', `Cannot share: ${reason}`)
  if (receivers !== undefined && !(Number.isSafeInteger(receivers) && receivers > 0))
    throw refuse(`receivers is a whole number from 1, not ${receivers}`)
  if (untilMs !== undefined && !(Number.isSafeInteger(untilMs) && untilMs > nowMs))
    throw refuse('untilMs is a time in the future, in ms since the epoch')
  if (password !== undefined && (password === '' || password.length > 256)) throw refuse('a password has 1 to 256 characters')
  return {
    ...(receivers !== undefined && { receivers }),
    ...(untilMs !== undefined && { untilMs }),
    ...(password !== undefined && { password }),
    ...{ ask, stopAfterFirst, sealed },
  }
}
