/** A network of groups as it stands after long, and the pairs of a lease and a watch that live in it: where a simulation begins. */

import type { GroupOptions } from '../../../node/groups/context.ts'
import { GROUP_DEFAULTS } from '../../../node/groups/context.ts'
import { restingBits } from '../../../node/groups/group-bits.ts'
import type { GroupFound } from '../../../node/groups/group-finder.ts'
import { groupOf, type Place } from '../../../node/groups/place.ts'
import type { Lies } from './liars.ts'
import { createVirtualServers, type VirtualServer } from './virtual-servers.ts'

export interface GrownOptions {
  seed: number
  nodes: number
  rttMs: number
  /** Keys, each held by one home and watched by another. */
  pairs: number
  /** The part of the servers that lie, from 0 to 1. */
  liars?: number
  hidesMembers?: boolean
  groups?: GroupOptions
}

/** A key, its holder's home and its watcher's. */
export interface Pair {
  key: string
  place: Place
  home: VirtualServer
  watcher: VirtualServer
  placedAtMs: number | undefined
  watchedAtMs: number | undefined
  releasedAtMs: number | undefined
  /** After the release: when the last record node had dropped it, and when the watcher heard, in ms. */
  forgottenMs: number | undefined
  heardMs: number | undefined
}

/** Entrances that joiners are given; they do not leave. */
const ENTRANCES = 5
/** A lease that is younger may be on its way, in ms. */
const SETTLED_MS = 5_000

export type GrownNetwork = ReturnType<typeof createGrownNetwork>

export function createGrownNetwork(options: GrownOptions) {
  const { seed, nodes, rttMs, liars = 0, hidesMembers = false } = options
  const network = createVirtualServers(seed, rttMs, options.groups)
  const { random, timers } = network
  const pairs: Pair[] = []
  const byWatch = new Map<string, Pair>()
  let made = 0

  const liesOrNot = (): Lies | undefined => (random.next() < liars ? { isMute: random.next() < 0.5, hidesMembers } : undefined)
  const isHonest = ({ lies, group }: VirtualServer) => lies === undefined && group.isReady
  function randomServer(): VirtualServer {
    for (;;) {
      const server = random.of(network.living)
      if (isHonest(server)) return server
    }
  }

  const bits = restingBits(nodes, { ...GROUP_DEFAULTS, ...options.groups })
  for (let i = 0; i < nodes; i++) {
    const server = network.createServer(liesOrNot())
    server.group.begin(bits)
  }
  connectGroups(network, bits, options.groups?.delegates ?? GROUP_DEFAULTS.delegates)
  const entrances = network.living.slice(0, ENTRANCES)
  for (const server of entrances) server.lies = undefined
  for (const server of network.living) {
    server.report = { bits, size: server.group.links.mates().length + 1 }
    server.group.start()
  }

  network.listen((watch, count) => {
    const pair = byWatch.get(watch)
    if (pair === undefined) return
    pair.watchedAtMs ??= timers.now()
    if (count === 0 && pair.releasedAtMs !== undefined) pair.heardMs ??= timers.now() - pair.releasedAtMs
  })

  function watch(pair: Pair): void {
    const id = `w${made++}`
    pair.watchedAtMs = undefined
    byWatch.set(id, pair)
    pair.watcher.group.hold({ id, kind: 'watch', key: pair.key, place: pair.place, home: pair.watcher })
  }

  function addPair(home = randomServer()): Pair {
    const key = `k${made++}`
    const place = { high: Math.floor(random.next() * 4_294_967_296), low: Math.floor(random.next() * 4_294_967_296) }
    const pair: Pair = {
      key,
      place,
      home,
      watcher: randomServer(),
      placedAtMs: undefined,
      watchedAtMs: undefined,
      releasedAtMs: undefined,
      forgottenMs: undefined,
      heardMs: undefined,
    }
    pairs.push(pair)
    home.group.hold({ id: key, kind: 'lease', key, place, home }, () => {
      pair.placedAtMs = timers.now()
    })
    watch(pair)
    return pair
  }

  const isHeld = ({ home, releasedAtMs }: Pair) => home.isAlive && releasedAtMs === undefined
  const isSettled = (pair: Pair) => isHeld(pair) && pair.placedAtMs !== undefined && timers.now() - pair.placedAtMs > SETTLED_MS

  function settledPair(): Pair | undefined {
    for (let tries = 0; tries < 200; tries++) {
      const pair = random.of(pairs)
      if (isSettled(pair)) return pair
    }
    return undefined
  }

  /** The living servers that have a lease of the key. */
  const keepers = (key: string) => network.living.filter(({ group, lies }) => lies === undefined && group.records.leases(key).length > 0)

  return {
    ...network,
    get events() {
      return network.events
    },
    get messages() {
      return network.messages
    },
    pairs: pairs as readonly Pair[],
    addPair,
    isHeld,
    isSettled,
    keepers,
    randomServer,
    /** A server that is made now, and joins through an entrance. */
    join(): VirtualServer {
      const server = network.createServer(liesOrNot())
      server.group.start()
      const tryJoin = () => {
        const entrance = random.of(entrances)
        server.group.join(entrance, () => timers.after(1_000, tryJoin))
      }
      tryJoin()
      return server
    },
    /** One that has joined and is no entrance stops; what it held and watched does elsewhere anew. */
    stopOne(isSilent: boolean) {
      const server = random.of(network.living)
      if (entrances.includes(server) || server.group.isJoining) return
      network.stop(server, isSilent)
      for (const pair of [...pairs]) {
        if (pair.releasedAtMs !== undefined) continue
        if (pair.home === server) addPair()
        else if (pair.watcher === server) {
          pair.watcher = randomServer()
          watch(pair)
        }
      }
    },
    isEntrance: (server: VirtualServer) => entrances.includes(server),
    /** Finds a held key from anywhere. Undefined when there is none. @param end hears nothing when the asker or the holder's home stops meanwhile */
    find(end: (found: GroupFound & { ms: number; isFound: boolean; pair: Pair }) => void, pair = settledPair()) {
      if (pair === undefined) return
      const asker = randomServer()
      const askedAtMs = timers.now()
      asker.group.find(pair.key, pair.place, (found) => {
        const isFound = found.holders.length > 0
        if (asker.isAlive && (isFound || isHeld(pair))) end({ ...found, ms: timers.now() - askedAtMs, isFound, pair })
      })
    },
    /** Releases a settled lease whose watch stands, and looks when record nodes have forgotten it. */
    release(): Pair | undefined {
      const pair = settledPair()
      if (pair?.watchedAtMs === undefined || !pair.watcher.isAlive || timers.now() - pair.watchedAtMs < SETTLED_MS) return undefined
      const nodes = keepers(pair.key)
      pair.releasedAtMs = timers.now()
      pair.home.group.release(pair.key)
      const look = () => {
        const passedMs = timers.now() - (pair.releasedAtMs as number)
        if (nodes.every(({ isAlive, group }) => !isAlive || group.records.leases(pair.key).length === 0)) pair.forgottenMs = passedMs
        else if (passedMs < 30_000) timers.after(passedMs < 1_000 ? 5 : 50, look)
      }
      look()
      addPair()
      return pair
    },
  }
}

/** Each server to all of its group, and to some of each other, those first that have fewest. */
function connectGroups({ living, connect, random }: ReturnType<typeof createVirtualServers>, bits: number, delegates: number): void {
  const groups: VirtualServer[][] = Array.from({ length: 2 ** bits }, () => [])
  for (const server of living) groups[groupOf(server.place, bits)]?.push(server)
  for (const group of groups)
    for (let i = 0; i < group.length; i++) for (let j = 0; j < i; j++) connect(group[i] as VirtualServer, group[j] as VirtualServer)
  for (const server of living) {
    const { links } = server.group
    groups.forEach((group, number) => {
      if (number === links.ownGroup) return
      for (let tries = 0; links.group(number).length < Math.min(delegates, group.length) && tries < 50; tries++) {
        const three = [random.of(group), random.of(group), random.of(group)].filter((each) => !links.has(each))
        const linksBack = (each: VirtualServer) => each.group.links.group(links.ownGroup).length
        const [fewest] = three.sort((a, b) => linksBack(a) - linksBack(b))
        if (fewest !== undefined) connect(server, fewest)
      }
    })
  }
}
