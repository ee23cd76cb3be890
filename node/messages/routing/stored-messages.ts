/**
 * Stored messages (store-and-forward) of a record node: sealed envelopes for absent receivers, in memory alone, until a receipt comes or they
 * expire. Each sender and each end has a share. When memory is full, messages to ends whose receiver was never seen go first.
 */

import { encodeKeyHex } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import { decodeEnvelope, type Envelope } from '../format/envelope.ts'
import type { MessageLimits, MessageRefusal } from '../types.ts'

export type StoredMessageLimits = Pick<MessageLimits, 'maxMailBytes' | 'maxMailBytesPerEnd' | 'maxMailBytesPerSender'>

/** The kept part of an envelope, which is decoded again when it is wanted. */
type StoredMessage = Pick<Envelope, 'from' | 'to' | 'bytes'> & {
  /** Its end by the monotonic clock. */
  endsAtMs: number
}

/** Memory that a kept envelope takes besides its bytes, roughly. */
const OVERHEAD_BYTES = 512

export type StoredMessages = ReturnType<typeof createStoredMessages>

/** @param now the network's time. @param monotonic clock of any origin: a step of the other one takes nothing away */
export function createStoredMessages(
  limits: StoredMessageLimits,
  isKnownEnd: (end: Key) => boolean,
  now: () => number,
  monotonic: () => number = now,
) {
  /** By id, hex, in the order of arrival. Bounded: maxMailBytes. */
  const messages = new Map<string, StoredMessage>()
  /** By end and by sender, hex. Bounded by the messages. */
  const ends = new Map<string, { bytes: number; ids: Set<string> }>()
  const senders = new Map<string, number>()
  /** Ids of messages whose end nobody had proved when they came, oldest first. Bounded by the messages. */
  const unproved = new Set<string>()
  let bytes = 0

  const weight = (message: Pick<Envelope, 'bytes'>) => message.bytes.byteLength + OVERHEAD_BYTES

  function drop(id: string): void {
    const envelope = messages.get(id)
    if (envelope === undefined) return
    messages.delete(id)
    unproved.delete(id)
    const size = weight(envelope)
    bytes -= size
    const endId = encodeKeyHex(envelope.to)
    const end = ends.get(endId)
    if (end !== undefined) {
      end.bytes -= size
      end.ids.delete(id)
      if (end.ids.size === 0) ends.delete(endId)
    }
    const sender = encodeKeyHex(envelope.from)
    const left = (senders.get(sender) ?? 0) - size
    if (left > 0) senders.set(sender, left)
    else senders.delete(sender)
  }

  /** Drops what has expired. */
  function sweep(): void {
    for (const [id, { endsAtMs }] of messages) if (endsAtMs <= monotonic()) drop(id)
  }

  /** Evicts messages to ends that no receiver has proved, oldest first: a flood of made-up addresses must not crowd out real ones. */
  function makeRoom(size: number, isKnown: boolean): boolean {
    if (bytes + size > limits.maxMailBytes) sweep()
    while (bytes + size > limits.maxMailBytes) {
      const [oldest] = isKnown ? unproved : []
      if (oldest === undefined) return false
      drop(oldest)
    }
    return true
  }

  function idsOf(end: Key): string[] {
    return [...(ends.get(encodeKeyHex(end))?.ids ?? [])]
  }

  function read(id: string): Envelope | undefined {
    const message = messages.get(id)
    return message === undefined || message.endsAtMs <= monotonic() ? undefined : decodeEnvelope(message.bytes)
  }

  return {
    /** Messages, and their bytes. */
    get size() {
      return messages.size
    },
    get bytes() {
      return bytes
    },
    /** Keeps a message until it expires; the same one once. @returns why it is not kept, or undefined */
    keep(envelope: Envelope): MessageRefusal | undefined {
      const id = encodeKeyHex(envelope.id)
      if (messages.has(id)) return undefined
      const size = weight(envelope)
      const endId = encodeKeyHex(envelope.to)
      const sender = encodeKeyHex(envelope.from)
      if ((senders.get(sender) ?? 0) + size > limits.maxMailBytesPerSender) return 'sender-share'
      if ((ends.get(endId)?.bytes ?? 0) + size > limits.maxMailBytesPerEnd) return 'end-full'
      const isKnown = isKnownEnd(envelope.to)
      if (!makeRoom(size, isKnown)) return 'full'
      const { from, to, expiresAtMs } = envelope
      messages.set(id, { from, to, endsAtMs: monotonic() + expiresAtMs - now(), bytes: envelope.bytes })
      if (!isKnown) unproved.add(id)
      const end = ends.get(endId) ?? { bytes: 0, ids: new Set<string>() }
      ends.set(endId, end)
      end.ids.add(id)
      end.bytes += size
      senders.set(sender, (senders.get(sender) ?? 0) + size)
      bytes += size
      return undefined
    },
    /** The messages for an end, oldest first. */
    of: (end: Key) => idsOf(end).flatMap((id) => read(id) ?? []),
    /** Their ids, hex. */
    ids: idsOf,
    /** By id, hex. Undefined when it is not kept, or has expired. */
    get: read,
    remove: (id: Key) => drop(encodeKeyHex(id)),
    sweep,
  }
}
