/** The instances that are in one circle now, and the events of their coming and going. People are counted, not instances. */

import { createEmitter, listenGuarded } from '../../async/emitter.ts'
import type { Person, PresenceEvent } from '../types.ts'
import { decodeState } from './state.ts'

interface Present {
  person: Person
  /** The JSON that it shows. */
  state: string | undefined
}

export type Attendance = ReturnType<typeof createAttendance>

/** @param ownAccount its person is there all the time, since this instance is: no `connect` and no `disconnect` is told of it */
export function createAttendance(ownAccount: string) {
  /** By instance, in the order in which they came. Bounded by the links. */
  const present = new Map<string, Present>()
  /** Instances of each account. */
  const instances = new Map<string, number>()
  const events = createEmitter<PresenceEvent>()
  /** Those who became contacts since the start. Bounded by the contacts book. */
  const newcomers = new Map<string, Extract<PresenceEvent, { type: 'newuser' }>>()

  function count(account: string, by: 1 | -1): number {
    const number = (instances.get(account) ?? 0) + by
    if (number === 0) instances.delete(account)
    else instances.set(account, number)
    return number
  }

  /** All that a listener would have heard of those who are still there, had it listened from the start. */
  function* standing(): Generator<PresenceEvent> {
    yield* newcomers.values()
    const met = new Set([ownAccount])
    for (const { person, state } of present.values()) {
      if (!met.has(person.account)) yield { type: 'connect', person }
      met.add(person.account)
      yield { type: 'peerconnect', person }
      if (state !== undefined) yield { type: 'state', person, state: decodeState(state) }
    }
  }

  function leave(instance: string): void {
    const gone = present.get(instance)
    if (gone === undefined) return
    const { person } = gone
    present.delete(instance)
    const isLast = count(person.account, -1) === 0
    events.emit({ type: 'peerdisconnect', person })
    if (isLast && person.account !== ownAccount) events.emit({ type: 'disconnect', person })
  }

  return {
    has: (instance: string) => present.has(instance),
    present: () => [...present.values()].map(({ person }) => ({ ...person })),
    stateOf: (instance: string) => decodeState(present.get(instance)?.state),
    /** The instance is there; where it was already, its person may be called otherwise. */
    enter(entered: Person, state: string | undefined) {
      const person = Object.freeze({ ...entered })
      const known = present.get(person.instance)
      if (known !== undefined && known.person.account === person.account) {
        known.person = person
        return
      }
      leave(person.instance)
      present.set(person.instance, { person, state })
      const isFirst = count(person.account, 1) === 1
      if (isFirst && person.account !== ownAccount) events.emit({ type: 'connect', person })
      events.emit({ type: 'peerconnect', person })
      if (state !== undefined) events.emit({ type: 'state', person, state: decodeState(state) })
    },
    leave,
    show(instance: string, state: string | undefined) {
      const shown = present.get(instance)
      if (shown === undefined || shown.state === state) return
      shown.state = state
      events.emit({ type: 'state', person: shown.person, state: decodeState(state) })
    },
    /** Somebody became a contact. */
    meet(account: string, alias: string) {
      const event = { type: 'newuser', account, alias } as const
      newcomers.set(account, event)
      events.emit(event)
    },
    /** Somebody is no contact any more. */
    forget: (account: string) => newcomers.delete(account),
    /** Hears each event of the type; of what stands already it hears in a moment. A listener that throws is dropped. */
    on<Type extends PresenceEvent['type']>(type: Type, listener: (event: Extract<PresenceEvent, { type: Type }>) => void): () => void {
      let isTold = false
      let isEnded = false
      let off = () => {}
      const hear = (event: PresenceEvent) => {
        if (!isEnded && event.type === type) listener(event as Extract<PresenceEvent, { type: Type }>)
      }
      queueMicrotask(() => {
        if (isEnded) return
        off = listenGuarded(events.on, hear)
        isTold = true
        try {
          for (const event of [...standing()]) hear(event)
        } catch {
          off()
        }
      })
      return () => {
        isEnded = true
        if (isTold) off()
      }
    },
  }
}
