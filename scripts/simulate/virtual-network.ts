/**
 * Connections and messages of a simulation: they take time, each end has one processor, and an end that stops is noticed at once when its sockets
 * close, and late when they do not. Costs are those measured on one slow core (2026-11): GROWTH names 25 and 15 ms for the two ends of a dial.
 */

import { compareDistance } from '../../node/network/server-table.ts'
import { createSeededRandom } from './seeded-random.ts'
import { createVirtualTime } from './virtual-time.ts'

export const NETWORK_COSTS = {
  /** Round trip between two nodes, give or take a fifth, the same for a pair every time, in ms. */
  rttMs: 50,
  /** Processor time of a dial at the node that dials, in ms. */
  dialMs: 25,
  /** And at the one that is dialled. */
  acceptMs: 15,
  /** Processor time of a message that is received, in ms. */
  messageMs: 0.2,
  /** Dials of one node at once. */
  dialsAtOnce: 8,
  /** How long it takes to notice that a node is gone whose sockets stay open: from, and up to, in ms. */
  silentFromMs: 8_000,
  silentToMs: 13_000,
}

export type NetworkCosts = typeof NETWORK_COSTS

/** The end of a connection. */
export interface Endpoint<Other> {
  readonly id: string
  /** From 0, in the order of their making. */
  readonly number: number
  readonly position: Uint8Array
  isAlive: boolean
  /** Until when its processor is taken, in ms. */
  busyUntilMs: number
  /** There is a connection to the other now. */
  onConnect(other: Other): void
  /** There is none any more. */
  onDisconnect(other: Other): void
  /** It has stopped. */
  onStop(): void
  toString(): string
}

export type VirtualNetwork<E extends Endpoint<E>> = ReturnType<typeof createVirtualNetwork<E>>

export function createVirtualNetwork<E extends Endpoint<E>>(seed: number, options: Partial<NetworkCosts> = {}) {
  const costs = { ...NETWORK_COSTS, ...options }
  const time = createVirtualTime()
  const { timers } = time
  const random = createSeededRandom(seed)
  /** Connections of each end that it believes to be there. */
  const connections = new Map<E, Set<E>>()
  const dials = new Map<E, { queue: E[]; underWay: Set<E>; count: number }>()
  /** Messages by what they are about. */
  const messages = new Map<string, number>()

  const connectionsOf = (end: E) => getOrCreate(connections, end, () => new Set<E>())
  const dialsOf = (end: E) => getOrCreate(dials, end, () => ({ queue: [] as E[], underWay: new Set<E>(), count: 0 }))

  /** One way, in ms. */
  function latencyMs(a: E, b: E): number {
    const [low, high] = a.number < b.number ? [a.number, b.number] : [b.number, a.number]
    const mixed = Math.imul((low * 73_856_093) ^ (high * 19_349_663), 0x2c1b3c6d)
    return (costs.rttMs / 2) * (0.8 + 0.4 * (((mixed ^ (mixed >>> 13)) >>> 0) / 4_294_967_296))
  }

  /** Takes so much of its processor's time, after what waits for it. @returns how long that takes in all, in ms */
  function work(end: E, ms: number): number {
    end.busyUntilMs = Math.max(timers.now(), end.busyUntilMs) + ms
    return end.busyUntilMs - timers.now()
  }

  /** Calls at the other end, unless it is gone by then. Messages between two ends arrive in their order. */
  function send(about: string, from: E, to: E, arrive: () => void): void {
    messages.set(about, (messages.get(about) ?? 0) + 1)
    timers.after(latencyMs(from, to), () => {
      if (to.isAlive) timers.after(work(to, costs.messageMs), () => to.isAlive && arrive())
    })
  }

  function connect(a: E, b: E): void {
    if (connectionsOf(a).has(b)) return
    connectionsOf(a).add(b)
    connectionsOf(b).add(a)
    a.onConnect(b)
    b.onConnect(a)
  }

  /** One end learns that the connection is over. */
  function noticeEnd(end: E, other: E): void {
    if (connectionsOf(end).delete(other) && end.isAlive) end.onDisconnect(other)
  }

  function dialNext(from: E): void {
    const own = dialsOf(from)
    while (own.underWay.size < costs.dialsAtOnce && own.queue.length > 0) {
      const to = own.queue.shift() as E
      if (connectionsOf(from).has(to) || own.underWay.has(to)) continue
      own.underWay.add(to)
      own.count++
      const end = (isConnected: boolean) => {
        own.underWay.delete(to)
        if (!from.isAlive) return
        if (isConnected && to.isAlive) connect(from, to)
        dialNext(from)
      }
      const tripMs = 2 * latencyMs(from, to)
      timers.after(work(from, costs.dialMs) + tripMs, () => {
        if (to.isAlive) timers.after(work(to, costs.acceptMs) + tripMs, () => end(true))
        else end(false)
      })
    }
  }

  return {
    costs,
    timers,
    random,
    pass: time.pass,
    latencyMs,
    send,
    get events() {
      return time.events
    },
    messages: (about: string) => messages.get(about) ?? 0,
    connectionsOf: (end: E): ReadonlySet<E> => connectionsOf(end),
    isConnected: (a: E, b: E) => connectionsOf(a).has(b),
    /** Dials of the end so far. */
    dialsOf: (end: E) => dialsOf(end).count,
    /** Dials the others, so many at once, those that are not connected. */
    dial(from: E, others: Iterable<E>) {
      for (const other of others) if (other !== from) dialsOf(from).queue.push(other)
      dialNext(from)
    },
    /** Connects at once, at no cost: where a simulation begins. */
    connect,
    /** Both ends close the connection. */
    disconnect(a: E, b: E) {
      noticeEnd(a, b)
      noticeEnd(b, a)
    },
    /** The end stops. @param isSilent its sockets stay open: others notice late */
    stop(end: E, isSilent: boolean) {
      if (!end.isAlive) return
      end.isAlive = false
      for (const other of connectionsOf(end)) {
        const { silentFromMs, silentToMs } = costs
        const noticedMs = isSilent ? silentFromMs + random.next() * (silentToMs - silentFromMs) : latencyMs(end, other)
        timers.after(noticedMs, () => noticeEnd(other, end))
      }
      connections.delete(end)
      end.onStop()
    },
  }
}

/** The living ends nearest to a position, as nobody in the network can know them all. */
export function nearestOf<E extends { position: Uint8Array }>(ends: Iterable<E>, position: Uint8Array, count: number): E[] {
  const nearest: E[] = []
  for (const end of ends) {
    let at = nearest.length
    while (at > 0 && compareDistance(position, end.position, (nearest[at - 1] as E).position) < 0) at--
    if (at >= count) continue
    nearest.splice(at, 0, end)
    if (nearest.length > count) nearest.pop()
  }
  return nearest
}

function getOrCreate<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = create()
    map.set(key, value)
  }
  return value
}
