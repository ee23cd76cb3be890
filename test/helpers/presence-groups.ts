/**
 * Servers in groups, in virtual time: their presence, placement and roles are the product's; connections, streams and the news of bits are the
 * test's, which cuts them, delays them and lets each end notice by itself. Frames that are under way on a stream that is cut are lost.
 */

import type { PeerId } from '@libp2p/interface'
import { createSemaphore } from '../../node/async/semaphore.ts'
import { createLinks } from '../../node/groups/links.ts'
import { sha256AtOnce } from '../../node/keys/index.ts'
import { NODE_LIMITS } from '../../node/limits.ts'
import { createGroupRoles } from '../../node/network/group-roles.ts'
import { type GroupPeer, groupPeer } from '../../node/network/group-streams.ts'
import type { ServerTable } from '../../node/network/index.ts'
import { createServerTable } from '../../node/network/server-table.ts'
import { createForeword } from '../../node/rendezvous/foreword.ts'
import { createHomeService } from '../../node/rendezvous/home-service.ts'
import { createNodePlacement } from '../../node/rendezvous/placement.ts'
import { createPresenceClient } from '../../node/rendezvous/presence-client.ts'
import { createRecordStore } from '../../node/rendezvous/record-store.ts'
import { type GroupSize, SCOPE } from '../../node/rendezvous/wire-frames.ts'
import { createSeededRandom } from '../../scripts/simulate/seeded-random.ts'
import { createVirtualLeases } from '../../scripts/simulate/virtual-lease.ts'
import { createVirtualTime } from '../../scripts/simulate/virtual-time.ts'
import { createGroupStream, type GroupServer, type GroupStream, type GroupWorld, STREAM_SETTINGS, serveIn } from './group-streams.ts'
import type { SeededPeer } from './seeded-peer.ts'

const EPOCH_MS = 1_760_000_000_000
/** A cut is noticed within this time: as long as silence may last. */
const NOTICED_MS = 9_000
const REOPEN_MS = 500
/** A server says nothing of its group before. */
const JOINING_MS = 1_500
const SETTLE_MS = 50
const UNKNOWN = { bits: -1, size: 1 }

export type PresenceGroups = ReturnType<typeof createPresenceGroups>

export const positionOfServer = (peer: PeerId) => sha256AtOnce(peer.toMultihash().bytes)

/** The links of a server, its reports of others, and its roles by them. */
function createGroupOf(peer: PeerId, world: GroupWorld, onChange: () => void) {
  const { timers } = world
  const startedAtMs = timers.now()
  const reports = new Map<string, GroupSize>()
  const reportOf = (server: GroupPeer) => reports.get(server.id) ?? UNKNOWN
  const links = createLinks<GroupPeer>(groupPeer(peer), reportOf)
  const upkeep = { repair() {}, refuse() {} }
  const isJoining = () => timers.now() - startedAtMs < JOINING_MS
  const roles = createGroupRoles(
    { links, upkeep, hasReported: (other) => reports.has(other), reportOf, isJoining, timers, onRanks: changed },
    { delegates: 2 },
  )
  let isSettling = false
  function changed(): void {
    if (isSettling) return
    isSettling = true
    timers.after(SETTLE_MS, () => {
      isSettling = false
      onChange()
    })
  }
  return {
    ...roles,
    links,
    changed,
    get bits() {
      return links.bits
    },
    reach: async () => [],
    report: () => (isJoining() ? undefined : { bits: links.bits, size: links.mates().length + 1 }),
    takeReport(from: string, told: GroupSize | undefined) {
      if (told === undefined) return
      const before = reports.get(from)?.bits
      reports.set(from, told)
      if (before !== told.bits && links.bits > 0) changed()
    },
    /** Takes over who is connected. */
    look(table: ServerTable<PeerId>) {
      const placed = new Map(table.placed().map(({ name }) => [name.toString(), name]))
      for (const link of [...links.all()]) if (!placed.has(link.id)) links.remove(link)
      for (const [id, name] of placed) if (links.get(id) === undefined) links.add(groupPeer(name))
    },
  }
}

export function createPresenceGroups(seed: number) {
  const random = createSeededRandom(seed)
  const time = createVirtualTime()
  const { timers } = time
  const written = createVirtualLeases()
  const servers = new Map<string, GroupServer>()
  const now = () => EPOCH_MS + timers.now()
  const world: GroupWorld = { random, timers, now, codec: written.codec }

  function add({ peer, id }: SeededPeer, bits: number, limits = NODE_LIMITS): GroupServer {
    const table = createServerTable<PeerId>(timers)
    table.placeSelf(positionOfServer(peer))
    const group = createGroupOf(peer, world, () => client.refresh())
    group.links.setBits(bits)
    const store = createRecordStore(limits, now, random.next, timers.now)
    const streams = new Map<string, GroupStream>()
    const opening = new Set<string>()
    const news = new Set<() => void>()
    const foreword = createForeword(id, { recordOf: () => undefined, groups: group }, written.codec)

    function keepOpen(to: string): void {
      if (streams.has(to) || opening.has(to)) return
      opening.add(to)
      timers.after(REOPEN_MS * random.next(), () => {
        opening.delete(to)
        const other = servers.get(to)
        if (other === undefined || !table.has(other.peer) || servers.get(id) !== self || streams.has(to)) return
        const opened = createGroupStream(world, self, other, foreword, () => {
          streams.delete(to)
          keepOpen(to)
        })
        streams.set(to, opened)
        client.onStream(opened.client)
      })
    }

    const client = createPresenceClient<PeerId>(
      {
        placement: createNodePlacement({ ...table, async *walk() {} }, group),
        servers: table,
        store,
        streams: {
          get: (to) => streams.get(to.toString())?.client,
          keepOpen: (to) => keepOpen(to.toString()),
          open: async () => Promise.reject(new Error('nobody is asked here')),
        },
        homes: { findAddresses: async () => [] },
        clock: { now, times: () => [now()], isDoubtful: () => false },
        onBadAnswer() {},
        virtual: { timers, codec: written.codec },
      },
      { ...STREAM_SETTINGS, scope: SCOPE.own, holdersPerAnswer: NODE_LIMITS.maxHoldersPerAnswer },
    )
    table.onChange(() => {
      group.look(table)
      for (const { name } of table.placed()) keepOpen(name.toString())
      client.refresh()
    })
    const endSweeps = timers.every(5_000, store.sweep)
    timers.after(JOINING_MS, () => {
      for (const tell of [...news]) tell()
      group.changed()
    })
    const service = createHomeService(client, timers)
    const shared = { self: id, store, tellers: new Map(), places: createSemaphore(NODE_LIMITS.maxWatches), service, group }

    const self: GroupServer = {
      ...{ id, peer, store, client, table, streams },
      get bits() {
        return group.bits
      },
      report: group.report,
      takeReport: group.takeReport,
      serve: (opener, isNode, send) => serveIn(world, { ...shared, opener, isNode, send }),
      onBits(tell) {
        news.add(tell)
        return () => news.delete(tell)
      },
      setBits(next) {
        group.links.setBits(next)
        for (const tell of news) tell()
        group.changed()
      },
      stop() {
        endSweeps()
        servers.delete(id)
        for (const stream of streams.values()) stream.cut(0)
        for (const other of servers.values()) other.streams.get(id)?.cut(NOTICED_MS)
      },
    }
    servers.set(id, self)
    return self
  }

  return {
    random,
    servers,
    timers,
    now,
    pass: time.pass,
    sign: written.sign,
    add,
    link(a: GroupServer, b: GroupServer) {
      a.table.add(b.peer, positionOfServer(b.peer))
      b.table.add(a.peer, positionOfServer(a.peer))
    },
    /** The streams end; the servers know each other no longer once they have noticed. */
    unlink(a: GroupServer, b: GroupServer, noticedMs = NOTICED_MS) {
      for (const [from, to] of [[a, b] as const, [b, a] as const]) {
        from.streams.get(to.id)?.cut(noticedMs)
        timers.after(random.next() * noticedMs, () => from.table.remove(to.id))
      }
    },
  }
}
