/** Calls and channels of people, or of one room: instances that a query names are asked over the session with each, and others' sessions come in here. */

import { MayflyError, type MayflyErrorCode } from '../../errors.ts'
import type { AbortOptions } from '../../types.ts'
import { encodeValue } from '../format/value.ts'
import type { Answers, CallError, CallOptions, CallPolicy, Channel, Handler, ModuleOptions, Query } from '../types.ts'
import type { Identity, Session, SessionRefusal, SessionVerdict, Topic } from '../way/types.ts'
import { createAnswers } from './answers.ts'
import { createCallRoutes } from './call-routes.ts'
import { createChannelScope } from './channel-scope.ts'
import { createInstanceCall } from './instance-call.ts'
import { checkName, createModuleRegistry } from './module-registry.ts'
import { createSessionOpener } from './session-opener.ts'
import type { CallScopeOptions, CallsContext, SharedCalls } from './types.ts'

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
  const channels = createChannelScope({ context, shared, opener, inRoom })
  const opening = new Map<string, Set<(error: CallError) => void>>()
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
    if (target !== undefined) context.ways?.wantDirect(target, { isAwaited: false })
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
    const refused = topic.kind === 'channel' ? channels.refusalOf(topic, remote.peer, person, isStranger) : undefined
    return refused ?? { answer: opener.proven(withoutProof(topic), remote.peer) }
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
    return channels.open(person.instance, name, signal === undefined ? {} : { signal })
  }

  function peerLeft(peer: string): void {
    const error = new MayflyError('ERR_LEFT', `${peer} has left`)
    for (const fail of [...(opening.get(peer) ?? [])]) fail({ code: error.code, message: error.message })
    routes.abort(peer, error)
    channels.abort(error, peer)
  }

  return {
    accept,
    takeCalls: routes.take,
    takeChannel(session: Session) {
      if (session.topic.kind === 'channel') channels.take(session, session.topic)
    },
    onDirect(peer: string) {
      routes.onDirect(peer)
      channels.onDirect(peer)
    },
    peerLeft,
    face: {
      module: (name: string, handler: Handler<unknown, unknown>, options?: ModuleOptions) => modules.add(name, handler, options),
      get: (query: Query) => ({ message: (module: string, data: unknown, options?: CallOptions) => ask(query, module, data, options) }),
      channel,
      onChannel: (name: string, listener: (channel: Channel) => void, { policy }: { policy?: CallPolicy } = {}) =>
        channels.on(name, listener, policy),
      end() {
        if (hasEnded) return
        hasEnded = true
        const error = new MayflyError('ERR_LEFT', 'This peer, or its room, has left')
        for (const fails of [...opening.values()]) for (const fail of [...fails]) fail({ code: error.code, message: error.message })
        routes.stop(error)
        channels.abort(error)
        onEnded()
      },
    },
  }
}

const refusal = (code: MayflyErrorCode, text: string): SessionRefusal => ({ code, text })
const NOT_A_MEMBER = refusal('ERR_REFUSED', 'Not a member of the room')

function withoutProof(topic: Topic): Topic {
  return topic.kind === 'channel' ? { kind: 'channel', name: topic.name, ...(topic.id && { id: topic.id }) } : { kind: 'calls' }
}
