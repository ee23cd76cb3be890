/** Checks of a network of many nodes: every page is found, every count right, every leave seen, whoever stops, starts or is killed. */

import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { nearestTo, type Place, placeOf, sharedBits } from '../../node/groups/place.ts'
import { sha256AtOnce } from '../../node/keys/index.ts'
import { type NodeSwarm, placeOfKey, type SwarmNode, startSwarmWorker } from './node-swarm.ts'
import { digits, ms, p50, percentile } from './samples.ts'
import { mapParallel } from './wait.ts'

export interface GrowthReport {
  say(text: string): void
  /** Something that must not be. */
  wrong(text: string): void
}

/** A key with its holders, and a node that watches it. */
interface Page {
  key: Uint8Array
  holders: SwarmNode[]
  watcher: SwarmNode
}

/** A release, or a node that stops, is seen within this time, in ms. */
const SEEN_MS = 1_000
/** A count that has not come by then does not come, in ms. */
const NEVER_MS = 20_000
/** Nodes are asked, and told, so many at once. */
const AT_ONCE = 8
/** Each eighth page has three holders. */
const MANY_HOLDERS_EVERY = 8
/** Nodes that have not all links by then do not get them, in ms. */
const WHOLE_MS = 60_000
const MAX_SHOWN = 12
/** A network that fell apart is healed after this time, in ms. */
const PARTED_MS = 30_000
/** By then all pages are found across, and each node has the links that it needs, in ms. */
const HEALED_MS = 30_000
/** After nodes were killed, 99 % of the pages that they kept are found within this time, all within the second, in ms. */
const MOST_FOUND_MS = 3_000
const ALL_FOUND_MS = 10_000

const nameOf = ({ id }: { id: string }) => id.slice(-6)
const pageName = ({ key }: { key: Uint8Array }) => Buffer.from(key).toString('hex').slice(0, 8)

const sightingOf = (page: Page) => `page ${pageName(page)} by ${nameOf(page.watcher)}`

function others<T>(from: readonly T[], count: number, but: readonly T[] = []): T[] {
  const rest = from.filter((each) => !but.includes(each))
  const chosen: T[] = []
  while (chosen.length < count && rest.length > 0) chosen.push(...rest.splice(randomInt(rest.length), 1))
  return chosen
}

function sayTimes(report: GrowthReport, what: string, readings: readonly number[]): void {
  if (readings.length === 0) return void report.say(`${what}: none`)
  const [p99, max] = [percentile(readings, 0.99), Math.max(...readings)]
  report.say(`${what}: ${readings.length} times, p50 ${ms(p50(readings))}, p99 ${ms(p99)}, max ${ms(max)}`)
}

/** Holds the page and has it watched; tells when a count is wrong. */
async function holdPages(
  swarm: NodeSwarm,
  report: GrowthReport,
  count: number,
  keyOf = (): Uint8Array => new Uint8Array(randomBytes(32)),
): Promise<Page[]> {
  const pages = Array.from({ length: count }, (_, i): Page => {
    const holders = others(swarm.nodes, i % MANY_HOLDERS_EVERY === MANY_HOLDERS_EVERY - 1 ? 3 : 1)
    return { key: keyOf(), holders, watcher: others(swarm.nodes, 1, holders)[0] as SwarmNode }
  })
  const took: number[] = []
  await mapParallel(pages, AT_ONCE, async (page) => {
    const { key, holders, watcher } = page
    await watcher.worker.call('watch', { number: watcher.number, key })
    const startedAtMs = performance.now()
    const told = await Promise.all(holders.map(({ worker, number }) => worker.call('hold', { number, key })))
    if (told.includes(false)) report.wrong(`page ${pageName(page)}: no record node has taken the lease of ${holders.map(nameOf)} in time`)
    await expectCount(page, holders.length, report, 'held')
    took.push(performance.now() - startedAtMs)
  })
  sayTimes(report, 'held until its watcher sees it', took)
  return pages
}

/** Resolves with the moment at which the watcher sees the count; NaN when it never does. */
async function expectCount(page: Page, count: number, report: GrowthReport, when: string, limitMs = NEVER_MS): Promise<number> {
  const { key, watcher, holders } = page
  const seen = await watcher.worker.call('counted', { number: watcher.number, key, count, limitMs })
  if ('atMs' in seen) return seen.atMs
  report.wrong(
    `page ${pageName(page)}, ${when}: ${nameOf(watcher)} counts ${seen.count} holders instead of ${count}, ${limitMs} ms later (of ${holders.map(nameOf)})`,
  )
  return Number.NaN
}

async function checkWhole(swarm: NodeSwarm, report: GrowthReport, when: string): Promise<void> {
  const missing = await swarm.untilWhole(WHOLE_MS)
  if (missing.length > 0) report.wrong(`${when}: ${missing.length} nodes lack links: ${missing.slice(0, MAX_SHOWN).join('; ')}`)
}

/** The first holder that each of some readers finds; all of the holders where there are several. */
async function findPages(swarm: NodeSwarm, report: GrowthReport, pages: readonly Page[], readers: number, when: string): Promise<void> {
  const took: number[] = []
  await mapParallel(pages, AT_ONCE, async (page) => {
    const right = new Set(page.holders.map(({ id }) => id))
    for (const reader of others(swarm.nodes, readers, page.holders)) {
      const isFirst = right.size === 1
      const { holders, ms, isLate } = await reader.worker.call('find', { number: reader.number, key: page.key, isFirst })
      if (isLate) report.wrong(`page ${pageName(page)}, ${when}: the search of ${nameOf(reader)} did not end in time`)
      const isRight = holders.every((id) => right.has(id)) && (right.size > 0 ? holders.length === right.size : holders.length === 0)
      if (!isRight) {
        report.wrong(
          `page ${pageName(page)}, ${when}: ${nameOf(reader)} finds ${holders.map((id) => id.slice(-6))} instead of ${page.holders.map(nameOf)}`,
        )
      } else if (isFirst) took.push(ms)
    }
  })
  sayTimes(report, `found, ${when}`, took)
}

async function endWatches(pages: readonly Page[]): Promise<void> {
  await Promise.all(pages.map(({ watcher: { worker, number }, key }) => worker.call('unwatch', { number, key })))
}

/** Something that a watcher is to see, by the clock of all processes. */
interface Sighting {
  name: string
  fromMs: number
  /** NaN when it never came. */
  atMs: number
}

/**
 * Says of each late one how long the event loops were held meanwhile. One that is late for that alone is the machine's, which has too few processors
 * for so many nodes, or other things to do.
 */
async function judgeSeen(swarm: NodeSwarm, report: GrowthReport, what: string, sightings: readonly Sighting[]): Promise<void> {
  const seen = sightings.filter(({ atMs }) => !Number.isNaN(atMs))
  const took = ({ fromMs, atMs }: Sighting) => atMs - fromMs
  sayTimes(report, what, seen.map(took))
  const late = seen.filter((each) => took(each) > SEEN_MS)
  let faults = 0
  for (const each of late) {
    const holds = await Promise.all(swarm.workers.map(({ call }) => call('loopHolds', { fromMs: each.fromMs, toMs: each.atMs })))
    const [longest, sum] = [Math.max(...holds.map(({ longestMs }) => longestMs)), Math.max(...holds.map(({ sumMs }) => sumMs))]
    if (took(each) - sum > SEEN_MS) faults++
    report.say(`late: ${each.name} after ${ms(took(each))}, of which a process was held ${ms(sum)}, ${ms(longest)} at once`)
  }
  if (late.length > faults) report.say(`${late.length - faults} of ${sightings.length} later than ${SEEN_MS} ms, for the machine's sake`)
  if (faults > 0) report.wrong(`${what}: ${faults} of ${sightings.length} later than ${SEEN_MS} ms`)
}

/** Pages are held, found, counted and released; then nobody finds them. */
export async function checkPages(swarm: NodeSwarm, report: GrowthReport, count: number): Promise<void> {
  const pages = await holdPages(swarm, report, count)
  await findPages(swarm, report, pages, 3, 'held')
  const seen: Sighting[] = []
  await mapParallel(pages, AT_ONCE, async (page) => {
    const { key, holders } = page
    for (const [i, { worker, number }] of holders.entries()) {
      const fromMs = await worker.call('release', { number, key })
      const atMs = await expectCount(page, holders.length - i - 1, report, 'released')
      seen.push({ name: sightingOf(page), fromMs, atMs })
    }
    page.holders = []
  })
  await judgeSeen(swarm, report, 'released until its watcher sees it', seen)
  await findPages(swarm, report, pages, 1, 'released by all')
  await endWatches(pages)
}

/** One node after the other stops, and another one comes; what the others hold stays, what it held is gone. */
export async function checkChurn(swarm: NodeSwarm, report: GrowthReport, rounds: number, pageCount: number): Promise<void> {
  let pages = await holdPages(swarm, report, pageCount)
  const seen: Sighting[] = []
  const joined: number[] = []
  for (let round = 0; round < rounds; round++) {
    const [leaver] = others(swarm.nodes, 1, swarm.nodes.slice(0, 1)) as [SwarmNode]
    const watched = pages.filter(({ watcher }) => watcher !== leaver)
    const changed = watched.filter(({ holders }) => holders.includes(leaver))
    const stoppedAtMs = performance.timeOrigin + performance.now()
    const stopped = swarm.remove(leaver)
    for (const page of changed) page.holders = page.holders.filter((holder) => holder !== leaver)
    const kept = watched.filter((page) => !changed.includes(page))
    await Promise.all(
      changed.map(async (page) => {
        const atMs = await expectCount(page, page.holders.length, report, `${nameOf(leaver)} has stopped`)
        seen.push({ name: sightingOf(page), fromMs: stoppedAtMs, atMs })
      }),
    )
    pages = watched
    await stopped
    // Two, for one of them may be the next to stop, before it has told the comer of others.
    const entrances = others(swarm.nodes, 2)
    const startedAtMs = performance.now()
    const [comer] = await swarm.addTo(leaver.worker, [undefined], entrances)
    joined.push(performance.now() - startedAtMs)
    for (const page of others(kept, 2)) {
      if (comer === undefined || page.holders.length === 0) continue
      const found = await comer.worker.call('find', { number: comer.number, key: page.key, isFirst: true })
      if (found.holders.length > 0) continue
      const what = `page ${pageName(page)} of ${page.holders.map(nameOf)}`
      report.wrong(
        `${what}: ${nameOf(comer)}, which has just come, finds nobody after ${ms(found.ms)}${found.isLate ? ', and gives up' : ''}`,
      )
    }
  }
  await checkWhole(swarm, report, 'after nodes came and went')
  sayTimes(report, 'a node that comes has joined', joined)
  await judgeSeen(swarm, report, 'a node that stops until watchers see it', seen)
  await findPages(swarm, report, pages, 2, 'after nodes came and went')
  await mapParallel(pages, AT_ONCE, (page) => expectCount(page, page.holders.length, report, 'after nodes came and went', SEEN_MS))
  await releaseAll(pages, report)
}

async function releaseAll(pages: readonly Page[], report: GrowthReport): Promise<void> {
  await mapParallel(pages, AT_ONCE, async (page) => {
    await Promise.all(page.holders.map(({ worker, number }) => worker.call('release', { number, key: page.key })))
    await expectCount(page, 0, report, 'released in the end')
  })
  await endWatches(pages)
}

/** Private keys of peers that share so many first bits with a place. */
export async function keysNear(place: Place, bits: number, count: number): Promise<Uint8Array[]> {
  const keys: Uint8Array[] = []
  while (keys.length < count) {
    const candidate = await generateKeyPair('Ed25519')
    const at = placeOf(sha256AtOnce(peerIdFromPrivateKey(candidate).toMultihash().bytes))
    if (sharedBits(place, at) >= bits) keys.push(privateKeyToProtobuf(candidate))
  }
  return keys
}

function keyNear(place: Place, bits: number): Uint8Array {
  for (;;) {
    const key = new Uint8Array(randomBytes(32))
    if (sharedBits(placeOfKey(key), place) >= bits) return key
  }
}

/** The three record nodes of pages are killed at once: their process ends. The pages are found all the same, and counted. */
export async function checkThrees(swarm: NodeSwarm, report: GrowthReport, rounds: number, pageCount: number): Promise<void> {
  const found: number[] = []
  for (let round = 0; round < rounds; round++) {
    await using stack = new AsyncDisposableStack()
    const place = { high: randomInt(2 ** 32), low: 0 }
    const bits = Math.ceil(Math.log2(swarm.nodes.length)) + 4 // so that hardly another node is as near
    const worker = await startSwarmWorker(stack)
    const three = await swarm.addTo(worker, await keysNear(place, bits, 3))
    await checkWhole(swarm, report, 'with three more nodes')
    const rest = swarm.nodes.filter((node) => !three.includes(node))
    const inRest = { ...swarm, nodes: rest }
    const pages = await holdPages(inRest, report, pageCount, () => keyNear(place, bits))
    const areRight = pages.filter(({ key }) => nearestTo(placeOfKey(key), swarm.nodes, 3).every((node) => three.includes(node)))
    await swarm.kill(worker)
    const killedAtMs = performance.now()
    await mapParallel(areRight, AT_ONCE, async (page) => {
      const [reader] = others(swarm.nodes, 1, page.holders) as [SwarmNode]
      for (;;) {
        const { holders } = await reader.worker.call('find', { number: reader.number, key: page.key, isFirst: true })
        if (holders.length > 0) return void found.push(performance.now() - killedAtMs)
        if (performance.now() - killedAtMs > ALL_FOUND_MS) break
      }
      report.wrong(`page ${pageName(page)}: ${nameOf(reader)} does not find it ${ALL_FOUND_MS} ms after its three record nodes were killed`)
    })
    await mapParallel(pages, AT_ONCE, (page) =>
      expectCount(page, page.holders.length, report, 'its record nodes were killed', ALL_FOUND_MS),
    )
    await releaseAll(pages, report)
  }
  sayTimes(report, 'found after its three record nodes were killed', found)
  const late = found.filter((each) => each > MOST_FOUND_MS).length
  if (late > found.length * 0.01) report.wrong(`${digits(late)} of ${found.length} later than ${MOST_FOUND_MS} ms`)
}

/** The nodes fall into two halves that do not reach each other, and are healed. Either half serves what it has; afterwards all is found again. */
export async function checkPartition(swarm: NodeSwarm, report: GrowthReport, pageCount: number): Promise<void> {
  const half = new Set(swarm.workers.slice(0, swarm.workers.length / 2))
  const isFirst = ({ worker }: SwarmNode) => half.has(worker)
  const portOf = ({ address }: SwarmNode) => Number(address.split('/')[4])
  const part = (isParted: boolean) =>
    Promise.all(
      swarm.workers.map((worker) => {
        const ports = swarm.nodes.filter((node) => isParted && isFirst(node) !== half.has(worker)).map(portOf)
        return worker.call('part', { ports })
      }),
    )
  const pages = await holdPages(swarm, report, pageCount)
  await part(true)
  const partedAtMs = performance.now()
  await mapParallel(pages, AT_ONCE, async (page) => {
    const here = page.holders.filter((holder) => isFirst(holder) === isFirst(page.watcher))
    await expectCount({ ...page, holders: here }, here.length, report, 'apart', PARTED_MS)
  })
  report.say(`apart; each half counts its own after ${ms(performance.now() - partedAtMs)}`)
  await delay(Math.max(0, PARTED_MS - (performance.now() - partedAtMs)))
  for (const isOfFirst of [true, false]) {
    const nodes = swarm.nodes.filter((node) => isFirst(node) === isOfFirst)
    const own = pages.filter(({ holders }) => holders.every((holder) => isFirst(holder) === isOfFirst))
    await findPages({ ...swarm, nodes }, report, own, 1, 'in its half')
  }
  await part(false)
  const healedAtMs = performance.now()
  const took: number[] = []
  await mapParallel(pages, AT_ONCE, async (page) => {
    const [holder] = page.holders as [SwarmNode]
    const [reader] = others(
      swarm.nodes.filter((node) => isFirst(node) !== isFirst(holder)),
      1,
      page.holders,
    )
    while (reader !== undefined && performance.now() - healedAtMs < HEALED_MS) {
      const { holders } = await reader.worker.call('find', { number: reader.number, key: page.key, isFirst: true })
      if (holders.length > 0) return void took.push(performance.now() - healedAtMs)
    }
    if (reader !== undefined)
      report.wrong(`page ${pageName(page)}: ${nameOf(reader)} of the other half finds nobody ${HEALED_MS} ms after the healing`)
  })
  sayTimes(report, 'found across after the healing', took)
  const missing = await swarm.untilWhole(WHOLE_MS)
  const wholeMs = performance.now() - healedAtMs
  report.say(`whole ${ms(wholeMs)} after the healing`)
  if (missing.length > 0 || wholeMs > HEALED_MS)
    report.wrong(`${missing.length} nodes lack links ${ms(wholeMs)} after the healing: ${missing.slice(0, MAX_SHOWN).join('; ')}`)
  await mapParallel(pages, AT_ONCE, (page) => expectCount(page, page.holders.length, report, 'healed'))
  await findPages(swarm, report, pages, 2, 'healed')
  await releaseAll(pages, report)
}
