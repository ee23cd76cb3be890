/** People whose presence runs over sessions and records in memory, with timers that the test moves on. */

import { onTestFinished, vi } from 'vitest'
import { createPresence, type Presence, type PresenceOptions } from '../../node/people/presence/presence.ts'
import type { PresenceEvent } from '../../node/people/types.ts'
import { createMemoryBook, type MemoryBook } from './memory-book.ts'
import { createPresenceRecords } from './presence-records.ts'
import { createSessionNetwork, type JoinedPeer } from './session-network.ts'
import { sampleIdentity } from './session-pair.ts'

export interface PresentPerson {
  peer: string
  account: Uint8Array
  place: Uint8Array
  presence: Presence
  book: MemoryBook
  sessions: JoinedPeer
  /** Moves to another home, or has none. */
  move(home: string | undefined): void
  /** Each event of the circle of contacts and own instances, as `type instance`, or `type account` of people. */
  events: string[]
  /** Peer ids in order. */
  sees(): string[]
  /** As SIGKILL of its process: its sessions are cut, its records go. */
  kill(): void
}

/** Timers and clocks of the code under test; sessions and records answer in turns of the real event loop. */
export function useSteppedTime() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'] })
  onTestFinished(() => void vi.useRealTimers())
}

const STEP_MS = 10
/** Turns of the event loop in each step: a frame needs one, an opened session three. */
const TURNS = 6

/** Lets time pass. */
export async function pass(ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
    for (let i = 0; i < TURNS; i++) await new Promise(setImmediate)
    vi.advanceTimersByTime(STEP_MS)
  }
  for (let i = 0; i < TURNS; i++) await new Promise(setImmediate)
}

export function createPeople({ sampleSize, ...options }: PresenceOptions & { sampleSize?: number } = {}) {
  useSteppedTime()
  const records = createPresenceRecords(sampleSize === undefined ? {} : { sampleSize })
  const network = createSessionNetwork()
  const running = new Set<Presence>()
  onTestFinished(() => {
    for (const presence of running) presence.stop()
  })

  /** An instance of the account; its peer id is `peer`, whose order decides who dials. */
  function join(account: string, peer: string, { place = peer, book }: { place?: string; book?: MemoryBook } = {}): PresentPerson {
    const identity = sampleIdentity(account, { place, peer })
    const sessions = network.join(identity)
    const own = book ?? createMemoryBook(identity.account)
    const rendezvous = records.join(sessions.target)
    const presence = createPresence(
      { self: peer, rendezvous, sessions, book: own, clock: { now: () => performance.now(), random: () => 0.5 } },
      options,
    )
    running.add(presence)
    const events: string[] = []
    for (const type of ['connect', 'disconnect', 'peerconnect', 'peerdisconnect', 'newuser', 'state'] as const) {
      presence.circle.on(type, (event: PresenceEvent) => {
        const person = 'person' in event ? event.person : undefined
        const who = type === 'connect' || type === 'disconnect' ? person?.alias : person?.instance
        events.push(
          event.type === 'state' ? `state ${who} ${JSON.stringify(event.state)}` : `${type} ${who ?? (event as { alias: string }).alias}`,
        )
      })
    }
    return {
      peer,
      account: identity.account,
      place: identity.place,
      presence,
      book: own,
      sessions,
      move: rendezvous.move,
      events,
      sees: () =>
        presence.circle
          .present()
          .map(({ instance }) => instance)
          .toSorted(),
      kill() {
        sessions.leave()
        records.drop(peer)
      },
    }
  }

  return {
    join,
    records,
    network,
    /** Each becomes a contact of each. */
    befriend(...people: PresentPerson[]) {
      for (const one of people)
        for (const other of people)
          if (Buffer.compare(one.account, other.account) !== 0) one.book.add(other.account, other.peer.replace(/-.*/, ''))
    },
  }
}
