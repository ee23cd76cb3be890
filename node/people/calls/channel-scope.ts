/** The channels of people, or of one room: this peer's own, those that others open, and their move to a direct connection. */

import { MayflyError, type MayflyErrorCode } from '../../errors.ts'
import { equalBytes } from '../../keys/index.ts'
import type { AbortOptions } from '../../types.ts'
import { CHANNEL_ID_BYTES } from '../format/hello.ts'
import type { CallPolicy, Channel, Person } from '../types.ts'
import type { Session, SessionRefusal, Topic } from '../way/types.ts'
import { createChannel, type OpenChannel } from './channel.ts'
import { createDirectWait } from './direct-wait.ts'
import { asCallError } from './instance-call.ts'
import { checkName } from './module-registry.ts'
import { isAllowed, letsStrangersIn } from './policy.ts'
import type { SessionOpener } from './session-opener.ts'
import type { CallsContext, SharedCalls } from './types.ts'

type ChannelTopic = Extract<Topic, { kind: 'channel' }>

/** Takes the channels of one name. */
interface ChannelDoor {
  listener(channel: Channel): void
  policy: CallPolicy | undefined
}

/** A channel that is open. */
interface Entry {
  peer: string
  name: string
  /** Names it at both ends; undefined when the other one is of a version that moves none. */
  id: Uint8Array | undefined
  /** This end has opened it. */
  isOwn: boolean
  channel: OpenChannel
}

export interface ChannelScopeParts {
  context: CallsContext
  shared: Pick<SharedCalls, 'channels' | 'deadlines'>
  opener: SessionOpener
  inRoom: boolean
}

export function createChannelScope({ context, shared, opener, inRoom }: ChannelScopeParts) {
  const { personOf, now } = context
  /** By name. Bounded by the developer. */
  const doors = new Map<string, ChannelDoor>()
  /** Bounded: maxChannels, and those that this peer opened. */
  const entries = new Set<Entry>()
  const waitForDirect = createDirectWait(context, shared.deadlines)

  function begin(session: Session, entry: Pick<Entry, 'name' | 'id' | 'isOwn'>): Channel {
    const channel = createChannel(session, { name: entry.name, person: personOf(session.remote), now })
    const added = { ...entry, peer: session.remote.peer, channel }
    entries.add(added)
    void channel.face.closed.then(() => entries.delete(added))
    return channel.face
  }

  /** One that the other end has opened. */
  function find(peer: string, { id }: ChannelTopic): OpenChannel | undefined {
    if (id === undefined) return undefined
    return [...entries].find((each) => !each.isOwn && each.peer === peer && each.id !== undefined && equalBytes(each.id, id))?.channel
  }

  async function move({ peer, name, id, channel }: Entry): Promise<void> {
    const session = await opener.open(peer, { kind: 'channel', name, ...(id && { id }), isMove: true }, { prefer: 'direct' })
    if (session.kind === 'direct') channel.moveTo(session)
    else session.close()
  }

  return {
    /** Why the other end may not open it. */
    refusalOf(topic: ChannelTopic, peer: string, person: Person, isStranger: boolean): SessionRefusal | undefined {
      if (topic.isMove) return find(peer, topic) === undefined ? refusal('ERR_LEFT', 'This channel has ended') : undefined
      const door = doors.get(topic.name)
      if (isStranger && !letsStrangersIn(doors.values())) return refusal('ERR_REFUSED', 'No channel here is for strangers')
      if (door === undefined) return refusal(isStranger ? 'ERR_REFUSED' : 'ERR_NO_MODULE', `Nobody takes a channel of this name`)
      if (!isAllowed(door, person, inRoom)) return refusal('ERR_REFUSED', 'This channel is not for you')
      const leave = shared.channels.enter(person.account)
      if (typeof leave === 'string') return refusal('ERR_BUSY', 'Too many channels are open: close one first')
      leave()
      return undefined
    },
    /** Takes a session that the other end has opened for a channel. */
    take(session: Session, topic: ChannelTopic) {
      const { remote } = session
      const moving = topic.isMove ? find(remote.peer, topic) : undefined
      if (moving !== undefined) return moving.follow(session)
      const door = topic.isMove ? undefined : doors.get(topic.name)
      const leave = shared.channels.enter(personOf(remote).account)
      if (door === undefined || typeof leave === 'string') {
        if (typeof leave !== 'string') leave()
        return session.abort(new MayflyError('ERR_BUSY', 'The channel is not taken any more'))
      }
      const opened = begin(session, { name: topic.name, id: topic.id, isOwn: false })
      void opened.closed.then(leave)
      door.listener(opened)
    },
    /** @throws {MayflyError} as `Circle.channel` */
    async open(peer: string, name: string, { signal }: AbortOptions): Promise<Channel> {
      try {
        const waiting = signal === undefined ? {} : { signal }
        const isDirect = await waitForDirect(peer, waiting)
        const id = globalThis.crypto.getRandomValues(new Uint8Array(CHANNEL_ID_BYTES))
        const topic: Topic = { kind: 'channel', name, id }
        const session = await opener.open(peer, topic, isDirect ? { ...waiting, prefer: 'direct' } : waiting)
        const { answered } = session
        return begin(session, { name, id: 'id' in answered ? id : undefined, isOwn: true })
      } catch (error) {
        signal?.throwIfAborted()
        const { code, message } = asCallError(error)
        throw new MayflyError(code as MayflyErrorCode, message, { cause: error })
      }
    },
    on(name: string, listener: (channel: Channel) => void, policy: CallPolicy | undefined): () => void {
      checkName(name, 'channel')
      if (doors.has(name)) throw new MayflyError('ERR_BAD_OPTION', `Channels ${JSON.stringify(name)} are taken already: end that first`)
      const door = { listener, policy }
      doors.set(name, door)
      return () => {
        if (doors.get(name) === door) doors.delete(name)
      }
    },
    /** A direct connection has opened: channels of this end that are relayed go on over it, and stay where they are when that fails. */
    onDirect(peer: string) {
      for (const entry of [...entries]) {
        if (entry.isOwn && entry.id !== undefined && entry.peer === peer && entry.channel.face.way === 'relayed')
          move(entry).catch(() => {})
      }
    },
    /** @param peer left out: with everybody */
    abort(reason: Error, peer?: string) {
      for (const each of [...entries]) if (peer === undefined || each.peer === peer) each.channel.abort(reason)
    },
  }
}

const refusal = (code: MayflyErrorCode, text: string): SessionRefusal => ({ code, text })
