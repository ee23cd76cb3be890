/**
 * The network of a simulation of groups: servers that run the product's own modules, links that take time to make, messages that take time to come,
 * deaths that close sockets or do not. Costs are those of virtual-network.ts. Nothing is promised, so that 10,000 servers take minutes.
 */

import type { GroupContext, GroupOptions } from '../../../node/groups/context.ts'
import type { SizeReport } from '../../../node/groups/group-bits.ts'
import { createGroupServer, type GroupServer } from '../../../node/groups/group-server.ts'
import type { GroupMessage } from '../../../node/groups/messages.ts'
import type { Place } from '../../../node/groups/place.ts'
import { createSeededRandom } from '../seeded-random.ts'
import { NETWORK_COSTS } from '../virtual-network.ts'
import { createVirtualTime } from '../virtual-time.ts'
import { type Lies, lieAbout, liesInstead } from './liars.ts'

export interface VirtualServer {
  readonly id: string
  readonly place: Place
  readonly number: number
  isAlive: boolean
  /** It stopped without closing its sockets. */
  isSilent: boolean
  /** Until when its processor is taken, in ms. */
  busyUntilMs: number
  /** Its heartbeats have said this last. */
  report: SizeReport
  /** The next one says this; undefined where it is the same. */
  nextReport: SizeReport | undefined
  lies: Lies | undefined
  /** Servers of another side cannot be reached. */
  side: number
  dials: number
  bornAtMs: number
  /** After its birth, in ms. */
  readyMs: number | undefined
  group: GroupServer<VirtualServer>
}

/** Heartbeats are so far apart, in ms. */
const BEAT_MS = 3_000
/** How long a dial to nobody takes, whose machine does not answer, in ms. */
const NO_ANSWER_MS = 3_000
const UNHEARD: SizeReport = { bits: -1, size: 1 }

export type VirtualServers = ReturnType<typeof createVirtualServers>

export function createVirtualServers(seed: number, rttMs: number, options: GroupOptions = {}) {
  const costs = { ...NETWORK_COSTS, rttMs }
  const time = createVirtualTime()
  const { timers } = time
  const random = createSeededRandom(seed)
  const living: VirtualServer[] = []
  const placeIn = new Map<VirtualServer, number>()
  let made = 0
  let messages = 0
  let isParted = false
  let onCount: (watch: string, count: number) => void = () => {}

  /** One way, in ms; the same for a pair every time. */
  function latencyMs({ number: a }: VirtualServer, { number: b }: VirtualServer): number {
    const mixed = Math.imul((Math.min(a, b) * 73_856_093) ^ (Math.max(a, b) * 19_349_663), 0x2c1b3c6d)
    return (costs.rttMs / 2) * (0.8 + 0.4 * (((mixed ^ (mixed >>> 13)) >>> 0) / 4_294_967_296))
  }

  function work(server: VirtualServer, ms: number): number {
    server.busyUntilMs = Math.max(timers.now(), server.busyUntilMs) + ms
    return server.busyUntilMs - timers.now()
  }

  const isBarred = (a: VirtualServer, b: VirtualServer) => isParted && a.side !== b.side

  function send(from: VirtualServer, to: VirtualServer, message: GroupMessage<VirtualServer>): void {
    messages++
    timers.after(latencyMs(from, to), () => {
      if (!to.isAlive || isBarred(from, to)) return
      timers.after(work(to, costs.messageMs), () => {
        if (!to.isAlive || (to.lies !== undefined && liesInstead(from, to, message, (lie) => send(to, from, lie)))) return
        to.group.onMessage(from, message)
      })
    })
  }

  function dial(from: VirtualServer, to: VirtualServer): void {
    from.dials++
    const end = (isOpen: boolean) => from.isAlive && from.group.onDialEnd(to, isOpen)
    const tripMs = 2 * latencyMs(from, to)
    timers.after(work(from, costs.dialMs) + tripMs, () => {
      if (!from.isAlive) return
      if (!to.isAlive || isBarred(from, to)) return timers.after(to.isSilent || to.isAlive ? NO_ANSWER_MS : 0, () => end(false))
      timers.after(work(to, costs.acceptMs) + tripMs, () => {
        if (from.isAlive && to.isAlive && !isBarred(from, to)) connect(from, to)
        end(to.isAlive)
      })
    })
  }

  /** Its heartbeats say how large its group is. */
  function beat(server: VirtualServer): void {
    if (server.nextReport === undefined || !server.isAlive) return
    server.report = server.nextReport
    server.nextReport = undefined
    for (const other of server.group?.links.all() ?? []) if (other.isAlive) other.group.onReport()
  }

  function connect(a: VirtualServer, b: VirtualServer): void {
    a.group.onLink(b)
    b.group.onLink(a)
  }

  function createServer(lies?: Lies): VirtualServer {
    const number = made++
    const place = { high: Math.floor(random.next() * 4_294_967_296), low: Math.floor(random.next() * 4_294_967_296) }
    const fresh = {
      id: `s${number}`,
      place,
      number,
      isAlive: true,
      isSilent: false,
      busyUntilMs: 0,
      report: UNHEARD,
      nextReport: undefined,
      lies,
      side: 0,
      dials: 0,
    }
    const server = { ...fresh, bornAtMs: timers.now(), readyMs: undefined } as unknown as VirtualServer
    const context: GroupContext<VirtualServer> = {
      self: server,
      timers: {
        ...timers,
        after: (ms, then) => timers.after(ms, () => server.isAlive && then()),
        every: (ms, then) => timers.every(ms, () => server.isAlive && then()),
      },
      random: random.next,
      send: (to, message) => send(server, to, lies === undefined ? message : lieAbout(message, lies)),
      dial: (to) => dial(server, to),
      close(to) {
        server.group.onLinkEnd(to)
        // A link that was made again meanwhile stands.
        timers.after(latencyMs(server, to), () => to.isAlive && !server.group.links.has(to) && to.group.onLinkEnd(server))
      },
      reportOf: ({ report }) => report,
      publish(report) {
        const isBeating = server.nextReport !== undefined
        const isNews = server.report.bits !== report.bits || server.report.size !== report.size
        server.nextReport = isNews ? report : undefined
        if (server.report === UNHEARD) beat(server)
        else if (isNews && !isBeating) timers.after(BEAT_MS * random.next(), () => beat(server))
      },
      receipts: { give: ({ id }) => id, isRight: ({ id }, receipt) => id === receipt },
      onCount: ({ id }, count) => onCount(id, count),
    }
    server.group = createGroupServer(context, options, {
      onReady() {
        server.readyMs = timers.now() - server.bornAtMs
      },
    })
    placeIn.set(server, living.length)
    living.push(server)
    return server
  }

  function notice(server: VirtualServer, gone: VirtualServer): void {
    if (server.isAlive) server.group.onLinkEnd(gone)
  }

  const silenceMs = () => costs.silentFromMs + random.next() * (costs.silentToMs - costs.silentFromMs)

  return {
    random,
    timers,
    pass: time.passAtOnce,
    living: living as readonly VirtualServer[],
    createServer,
    connect,
    get events() {
      return time.events
    },
    get messages() {
      return messages
    },
    /** Hears of each count that reaches a watch's home. */
    listen(listener: typeof onCount) {
      onCount = listener
    },
    /** @param isSilent its sockets stay open, and others notice late */
    stop(server: VirtualServer, isSilent: boolean) {
      if (!server.isAlive) return
      server.isAlive = false
      server.isSilent = isSilent
      const at = placeIn.get(server) as number
      const last = living.pop() as VirtualServer
      if (last !== server) {
        living[at] = last
        placeIn.set(last, at)
      }
      placeIn.delete(server)
      server.group.stop()
      for (const other of server.group.links.all())
        timers.after(isSilent ? silenceMs() : latencyMs(server, other), () => notice(other, server))
    },
    /** Servers of two sides hear nothing of each other from now on. */
    part(sideOf: (server: VirtualServer) => number) {
      isParted = true
      for (const server of living) server.side = sideOf(server)
      for (const server of living) {
        for (const other of server.group.links.all())
          if (isBarred(server, other)) timers.after(silenceMs(), () => isParted && notice(server, other))
      }
    },
    heal() {
      isParted = false
    },
  }
}
