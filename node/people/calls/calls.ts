/** Calls and channels of one peer: for its people, and for each room, a scope with modules, channels and targets of its own. */

import { createQuota } from '../../async/quota.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import type { ModuleTypes } from '../types.ts'
import type { SessionRefusal, Topic } from '../way/types.ts'
import { createCallScope } from './call-scope.ts'
import { createDeadlines } from './deadlines.ts'
import type { CallScope, CallScopeOptions, CallsContext, SharedCalls } from './types.ts'

export const CALL_DEFAULTS = {
  /** Calls under way here, of all callers. */
  maxCalls: 4_096,
  /** Bytes of data of the calls under way here: of one caller, and of all. */
  maxBytesPerCaller: 4_194_304,
  maxBytes: 67_108_864,
  /** Channels that others have opened: of one account, and of all. */
  maxChannelsPerCaller: 16,
  maxChannels: 256,
  /** How long a caller waits for an instance's answer, in ms. */
  timeoutMs: 30_000,
  /** A session without calls is closed after this, in ms. */
  idleMs: 60_000,
}

export type Calls = ReturnType<typeof createCalls>

export function createCalls(context: CallsContext, options: Partial<typeof CALL_DEFAULTS> = {}) {
  const limits = { ...CALL_DEFAULTS, ...options }
  const { sessions, ways, now } = context
  const shared: SharedCalls = {
    deadlines: createDeadlines(now),
    calls: createQuota({ max: limits.maxCalls }),
    bytes: createQuota({ max: limits.maxBytes, maxPerKey: limits.maxBytesPerCaller }),
    channels: createQuota({ max: limits.maxChannels, maxPerKey: limits.maxChannelsPerCaller }),
    timeoutMs: limits.timeoutMs,
    idleMs: limits.idleMs,
  }
  /** By the key of the room in hex; '' for people. Bounded by the rooms of this peer. */
  const scopes = new Map<string, ReturnType<typeof createCallScope>>()
  const scopeOf = (topic: Topic) => scopes.get('room' in topic && topic.room !== undefined ? encodeKeyHex(topic.room.room) : '')
  const refused: SessionRefusal = { code: 'ERR_REFUSED', text: 'Not for you' }

  const ends = [
    sessions.handle(
      'calls',
      (remote, topic) => scopeOf(topic)?.accept(remote, topic) ?? refused,
      (session) => scopeOf(session.topic)?.takeCalls(session),
    ),
    sessions.handle(
      'channel',
      (remote, topic) => scopeOf(topic)?.accept(remote, topic) ?? refused,
      (session) => scopeOf(session.topic)?.takeChannel(session),
    ),
    ways?.onDirect((peer, isOpen) => {
      if (isOpen) for (const scope of scopes.values()) scope.onDirect(peer)
    }),
  ]

  function endAll(): void {
    for (const scope of [...scopes.values()]) scope.face.end()
  }

  return {
    /** @throws {MayflyError} ERR_BAD_OPTION, when there is one for this room already */
    scope<Modules extends ModuleTypes = ModuleTypes>({ room, resolve }: CallScopeOptions): CallScope<Modules> {
      const name = room === undefined ? '' : encodeKeyHex(room.key)
      if (scopes.has(name)) throw new MayflyError('ERR_BAD_OPTION', 'This room has its calls already')
      const scope = createCallScope(context, shared, { room, resolve, onEnded: () => scopes.delete(name) })
      scopes.set(name, scope)
      return scope.face as CallScope<Modules>
    },
    /** The peer has left: all that is under way with it ends now, with ERR_LEFT. */
    peerLeft(peer: string) {
      for (const scope of scopes.values()) scope.peerLeft(peer)
    },
    stop() {
      for (const end of ends) end?.()
      endAll()
      shared.deadlines.stop()
    },
  }
}
