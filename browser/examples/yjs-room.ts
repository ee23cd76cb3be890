/**
 * A Yjs document and its awareness shared by the members of a room, over a channel between each two of them. Bindings of editors take the document
 * and the awareness as from any other provider.
 */

import { createDecoder, readVarString, readVarUint } from 'lib0/decoding'
import type { Channel, Person, Room } from 'mayfly/browser'
import { type Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness'
import * as Y from 'yjs'

/** 'vector': what this end has, so that the other sends the rest. 'update': changes. 'awareness': cursor, name and the like. */
type Kind = 'vector' | 'update' | 'awareness'

/** Part of a message: a large document has more bytes than one message of a channel takes. */
interface Part {
  kind: Kind
  bytes: Uint8Array
  isLast: boolean
}

const PART_BYTES = 131_072
/** A channel that was cut is opened again after about this long, in ms, for as long as the member is there. */
const AGAIN_MS = 1_000

/** @param self this instance's id: of two members, the one with the smaller id opens the channel. Returns the function that ends it. */
export function shareInRoom(doc: Y.Doc, awareness: Awareness, room: Room, self: string): () => void {
  const channels = new Set<Channel>()
  let isOver = false
  const isThere = (instance: string) => !isOver && room.present().some((person) => person.instance === instance)

  async function keepOpen({ instance }: Person): Promise<void> {
    while (isThere(instance)) {
      try {
        await talk(await room.channel(instance, 'yjs'))
      } catch {}
      if (isThere(instance)) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
  }

  async function talk(channel: Channel): Promise<void> {
    channels.add(channel)
    const send = (kind: Kind, bytes: Uint8Array) => {
      for (const part of cutMessage(kind, bytes)) channel.send({ ...part }).catch(() => channel.close())
    }
    const sendUpdate = (update: Uint8Array, origin: unknown) => {
      if (!channels.has(origin as Channel)) send('update', update) // each member has the others' changes from themselves
    }
    const sendAwareness = ({ added, updated, removed }: Record<'added' | 'updated' | 'removed', number[]>) => {
      const { clientID } = awareness
      if ([...added, ...updated, ...removed].includes(clientID)) send('awareness', encodeAwarenessUpdate(awareness, [clientID]))
    }
    doc.on('update', sendUpdate)
    awareness.on('update', sendAwareness)
    // With a new clock: the other end ignores a state that it has removed already.
    awareness.setLocalState(awareness.getLocalState())
    send('vector', Y.encodeStateVector(doc))

    /** The other end's id, as its first state says: it speaks for no other. */
    let theirs: number | undefined
    let parts: Uint8Array[] = []
    try {
      for await (const value of channel) {
        const { kind, bytes, isLast } = value as unknown as Part
        parts.push(bytes)
        if (!isLast) continue
        const message = joinParts(parts)
        parts = []
        if (kind === 'vector') send('update', Y.encodeStateAsUpdate(doc, message))
        else if (kind === 'update') Y.applyUpdate(doc, message, channel)
        else if (kind === 'awareness') {
          const clients = clientsOf(message)
          theirs ??= clients[0]
          if (theirs !== awareness.clientID && clients.every((client) => client === theirs))
            applyAwarenessUpdate(awareness, message, channel)
        }
      }
    } finally {
      channels.delete(channel)
      doc.off('update', sendUpdate)
      awareness.off('update', sendAwareness)
      if (theirs !== undefined && theirs !== awareness.clientID) removeAwarenessStates(awareness, [theirs], 'left')
      channel.close()
    }
  }

  const ends = [
    room.onChannel('yjs', (channel) => void talk(channel).catch(() => {})),
    room.on('peerconnect', ({ person }) => {
      if (self < person.instance) void keepOpen(person)
    }),
  ]
  return () => {
    isOver = true
    for (const end of ends) end()
    for (const channel of channels) channel.close()
  }
}

function* cutMessage(kind: Kind, bytes: Uint8Array): Generator<Part> {
  for (let from = 0; from === 0 || from < bytes.byteLength; from += PART_BYTES) {
    yield { kind, bytes: bytes.slice(from, from + PART_BYTES), isLast: from + PART_BYTES >= bytes.byteLength }
  }
}

function joinParts(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.byteLength
  }
  return joined
}

/** The clients that an update of awareness speaks for. @see https://github.com/yjs/y-protocols/blob/master/awareness.js */
function clientsOf(update: Uint8Array): number[] {
  const decoder = createDecoder(update)
  return Array.from({ length: readVarUint(decoder) }, () => {
    const client = readVarUint(decoder)
    readVarUint(decoder) // its clock
    readVarString(decoder)
    return client
  })
}
