/** Calls and channels of people, or of one room: instances that a query names are asked over the session with each, and others' sessions come in here. */

import { MayflyError, type MayflyErrorCode } from '../../errors.ts'
import type { AbortOptions } from '../../types.ts'
import { encodeValue } from '../format/value.ts'
import type { Answers, CallError, CallOptions, CallPolicy, Channel, Handler, ModuleOptions, Person, Query } from '../types.ts'
import type { Identity, Session, SessionRefusal, SessionVerdict, Topic } from '../way/types.ts'
import { createAnswers } from './answers.ts'
import { createCallRoutes } from './call-routes.ts'
import { createChannel } from './channel.ts'
import { createDirectWait } from './direct-wait.ts'
import { asCallError, createInstanceCall } from './instance-call.ts'
import { checkName, createModuleRegistry } from './module-registry.ts'
import { isAllowed, letsStrangersIn } from './policy.ts'
import { createSessionOpener } from './session-opener.ts'
import type { CallScopeOptions, CallsContext, SharedCalls } from './types.ts'

/** Takes the channels of one name. */
interface ChannelDoor {
  listener(channel: Channel): void
  policy: CallPolicy | undefined
}

export function createCallScope(
  context: CallsContext,
  shared: SharedCalls,
  { room, resolve, onEnded }: CallScopeOptions & { onEnded(): void },
) {
  const { personOf, now } = context
  const { deadlines } = shared
  const inRoom = room !== undefined
  const opener = createSessionOpener(context, room)
  const modules = createModuleRegistry({ ...shared, now, onError: context.onError }, inRoom)
  /** By name. Bounded by the developer. */
  const doors = new Map<string, ChannelDoor>()
  /** Sessions of the channels that are open. Bounded: maxChannels, and those that this peer opened. */
  const channels = new Set<Session>()
  const opening = new Map<string, Set<(error: CallError) => void>>()
  const waitForDirect = createDirectWait(context, deadlines)
  let hasEnded = false

  const routes = createCallRoutes({
    open: (peer, options) => opener.open(peer, { kind: 'calls' }, options),
    onRelayed: wantDirect,
    onCall: (session, module, data, reply) => modules.serve(module, personOf(session.remote), data, reply),
    deadlines,
    now,
    idleMs: shared.idleMs,
  })
  const calls = { routes, deadlines, now, opening }

  function wantDirect(peer: string): void {
    const target = context.targetOf(peer)
    if (target !== undefined) context.ways?.wantDirect(target)
  }

  function accept(remote: Identity, topic: Topic): SessionVerdict | Promise<SessionVerdict> {
    if (!inRoom) return judge(remote, topic)
    const take = (isMember: boolean) => (isMember ? judge(remote, topic) : NOT_A_MEMBER)
    const isMember = opener.isProven(topic, remote.peer) && room.isMember(remote.peer)
    return typeof isMember === 'boolean' ? take(isMember) : isMember.then(take)
  }

  function judge(remote: Identity, topic: Topic): SessionVerdict {
    const person = personOf(remote)
    const isStranger = !inRoom && person.relation === 'stranger'
    if (topic.kind === 'calls' && isStranger && !modules.letsStrangersIn) return refusal('ERR_REFUSED', 'No module here is for strangers')
    const refused = topic.kind === 'channel' ? refuseChannel(topic.name, person, isStranger) : undefined
    return refused ?? { answer: opener.proven(withoutProof(topic), remote.peer) }
  }

  function refuseChannel(name: string, person: Person, isStranger: boolean): SessionRefusal | undefined {
    const door = doors.get(name)
    if (isStranger && !letsStrangersIn(doors.values())) return refusal('ERR_REFUSED', 'No channel here is for strangers')
    if (door === undefined) return refusal(isStranger ? 'ERR_REFUSED' : 'ERR_NO_MODULE', `Nobody takes a channel of this name`)
    if (!isAllowed(door, person, inRoom)) return refusal('ERR_REFUSED', 'This channel is not for you')
    const leave = shared.channels.enter(person.account)
    if (typeof leave === 'string') return refusal('ERR_BUSY', 'Too many channels are open: close one first')
    leave()
    return undefined
  }

  function openChannel(session: Session, name: string): Channel {
    channels.add(session)
    const channel = createChannel(session, { name, person: personOf(session.remote), now })
    void channel.closed.then(() => channels.delete(session))
    return channel
  }

  function ask(query: Query, module: string, data: unknown, { signal, timeoutMs = shared.timeoutMs }: CallOptions = {}): Answers {
    checkName(module, 'module')
    const bytes = encodeValue(data)
    const collected = createAnswers(signal)
    try {
      signal?.throwIfAborted()
      if (hasEnded) throw new MayflyError('ERR_NOT_STARTED', 'Cannot call: this peer, or its room, has left')
      const begins = resolve(query).map((person) => createInstanceCall(calls, collected, person, { module, data: bytes, timeoutMs }))
      for (const begin of begins) begin()
    } catch (error) {
      collected.fail(error)
    }
    return collected.answers
  }

  async function channel(query: Query, name: string, { signal }: AbortOptions = {}): Promise<Channel> {
    checkName(name, 'channel')
    signal?.throwIfAborted()
    if (hasEnded) throw new MayflyError('ERR_NOT_STARTED', 'Cannot open a channel: this peer, or its room, has left')
    const persons = resolve(query)
    const [person] = persons
    if (person === undefined) throw new MayflyError('ERR_NOBODY', `Nobody is here whom ${JSON.stringify(query)} names`)
    if (persons.length > 1) {
      const text = `${JSON.stringify(query)} names ${persons.length} instances: a channel needs one; name it by its instance id`
      throw new MayflyError('ERR_BAD_OPTION', text)
    }
    const peer = person.instance
    try {
      const waiting = signal === undefined ? {} : { signal }
      const isDirect = await waitForDirect(peer, waiting)
      const session = await opener.open(peer, { kind: 'channel', name }, isDirect ? { ...waiting, prefer: 'direct' } : waiting)
      return openChannel(session, name)
    } catch (error) {
      signal?.throwIfAborted()
      const { code, message } = asCallError(error)
      throw new MayflyError(code as MayflyErrorCode, message, { cause: error })
    }
  }

  function peerLeft(peer: string): void {
    const error = new MayflyError('ERR_LEFT', `${peer} has left`)
    for (const fail of [...(opening.get(peer) ?? [])]) fail({ code: error.code, message: error.message })
    routes.abort(peer, error)
    for (const session of [...channels]) if (session.remote.peer === peer) session.abort(error)
  }

  return {
    accept,
    takeCalls: routes.take,
    takeChannel(session: Session) {
      const { topic } = session
      const door = topic.kind === 'channel' ? doors.get(topic.name) : undefined
      const { account } = personOf(session.remote)
      const leave = shared.channels.enter(account)
      if (topic.kind !== 'channel' || door === undefined || typeof leave === 'string') {
        return session.abort(new MayflyError('ERR_BUSY', 'The channel is not taken any more'))
      }
      const opened = openChannel(session, topic.name)
      void opened.closed.then(leave)
      door.listener(opened)
    },
    onDirect: routes.onDirect,
    peerLeft,
    face: {
      module: (name: string, handler: Handler<unknown, unknown>, options?: ModuleOptions) => modules.add(name, handler, options),
      get: (query: Query) => ({ message: (module: string, data: unknown, options?: CallOptions) => ask(query, module, data, options) }),
      channel,
      onChannel(name: string, listener: (channel: Channel) => void, { policy }: { policy?: CallPolicy } = {}) {
        checkName(name, 'channel')
        if (doors.has(name)) throw new MayflyError('ERR_BAD_OPTION', `Channels ${JSON.stringify(name)} are taken already: end that first`)
        const door = { listener, policy }
        doors.set(name, door)
        return () => {
          if (doors.get(name) === door) doors.delete(name)
        }
      },
      end() {
        if (hasEnded) return
        hasEnded = true
        const error = new MayflyError('ERR_LEFT', 'This peer, or its room, has left')
        for (const fails of [...opening.values()]) for (const fail of [...fails]) fail({ code: error.code, message: error.message })
        routes.stop(error)
        for (const session of [...channels]) session.abort(error)
        onEnded()
      },
    },
  }
}

const refusal = (code: MayflyErrorCode, text: string): SessionRefusal => ({ code, text })
const NOT_A_MEMBER = refusal('ERR_REFUSED', 'Not a member of the room')

function withoutProof(topic: Topic): Topic {
  return topic.kind === 'channel' ? { kind: 'channel', name: topic.name } : { kind: 'calls' }
}
