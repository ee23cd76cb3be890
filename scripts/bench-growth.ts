/**
 * The costs of a node in a network that grows: servers in groups (node/groups), beside the mesh of the same run, in which each is connected to
 * all others. Nodes are on real sockets, up to 128 of them in one process.
 *
 *   npm run bench -- growth
 *   BENCH_NODES=8,32,64 npm run bench -- growth   networks of these sizes only, for a small machine: the bars are judged at the nearest of them
 *   BENCH_FLOOR=8 …                               groups of more than eight are split, of 48 by default
 */

import { type GrowthReading, measureNetwork } from './bench/growth-network.ts'
import { MESH } from './bench/node-swarm.ts'
import { type Bench, runBench } from './bench/report.ts'
import { bytes, digits, ms, p50, seconds, times } from './bench/samples.ts'

type Kind = 'groups' | 'mesh'

/** The largest mesh has half a gigabyte of connections, and does not come together in some minutes. */
const DEFAULT_SIZES = [8, 32, 64, 128, 256]
const LARGEST_MESH = 128
const FLOOR = Number(process.env.BENCH_FLOOR ?? 48)
/** The floor of merges beside that of splits, as by default. */
const GROUPS = { splitFloor: FLOOR, mergeFloor: Math.floor(FLOOR / 4) }

const NAMES: Readonly<Record<Kind, string>> = { groups: 'groups', mesh: 'mesh' }

function sizesWanted(): number[] {
  const { BENCH_NODES } = process.env
  return BENCH_NODES === undefined ? DEFAULT_SIZES : BENCH_NODES.split(',').map(Number)
}

interface Ratio {
  what: string
  of: [kind: Kind, size: number]
  to: [kind: Kind, size: number]
  read(reading: GrowthReading): number
  atMost: number
}

/** The bars of the project for networks that grow. */
const RATIOS: readonly Ratio[] = [
  { what: 'processor time of a node that joins', of: ['groups', 256], to: ['groups', 32], read: (of) => of.joinerCpuMs, atMost: 1.4 },
  { what: 'heap of a node', of: ['groups', 128], to: ['mesh', 128], read: (of) => of.nodeBytes, atMost: 0.4 },
  { what: 'time until all have come together', of: ['groups', 128], to: ['mesh', 64], read: (of) => of.wholeMs, atMost: 1.3 },
  { what: 'find of a held key, p50', of: ['groups', 256], to: ['groups', 8], read: (of) => of.findMs, atMost: 2.5 },
  { what: 'bytes a second of an idle node', of: ['groups', 256], to: ['groups', 8], read: (of) => of.idleBytes, atMost: 3 },
]
const AT_256 = { p50: 50, max: 64 }

const nameOf = (kind: Kind, size: number) => `${kind} ${size}`

function rowOf(kind: Kind, size: number, reading: GrowthReading): string[] {
  const { connections, missing } = reading
  return [
    NAMES[kind],
    String(size),
    String(2 ** reading.bits),
    missing === 0 ? seconds(reading.wholeMs) : `not: ${missing} of ${size} lack some`,
    seconds(reading.cpuMs / size),
    seconds(reading.joinerCpuMs),
    `${p50(connections)} / ${Math.max(...connections)}`,
    bytes(reading.nodeBytes),
    digits(reading.findMs),
    bytes(reading.idleBytes),
  ]
}

async function measureGrowth(bench: Bench): Promise<void> {
  const sizes = sizesWanted()
  const readings = new Map<string, GrowthReading>()
  const rows: string[][] = []
  for (const kind of ['groups', 'mesh'] as const) {
    for (const size of sizes) {
      if (kind === 'mesh' && size > LARGEST_MESH) continue
      bench.step(`${kind}, ${size} nodes`)
      const reading = await measureNetwork(size, kind === 'groups' ? GROUPS : MESH)
      readings.set(nameOf(kind, size), reading)
      rows.push(rowOf(kind, size, reading))
      bench.step((rows.at(-1) ?? []).join('   '))
    }
  }
  bench.table(
    'Networks that grow; figures of one node',
    [
      'links',
      'nodes',
      'groups',
      'together after',
      'processor',
      'of one that joins',
      'connections p50 / max',
      'heap',
      'find p50, ms',
      'idle, a second',
    ],
    rows,
  )
  judge(bench, readings)
}

const sizesOf = (kind: Kind, readings: ReadonlyMap<string, GrowthReading>) =>
  [...readings.keys()].filter((name) => name.startsWith(kind)).map((name) => Number(name.split(' ')[1]))

/** The sizes that come nearest to those of the bar, where these were not measured: the largest, against the smallest or as many. */
function sizesInstead(of: Ratio['of'], to: Ratio['to'], readings: ReadonlyMap<string, GrowthReading>): [size: number, base: number] {
  const [sizes, bases] = [
    sizesOf(of[0], readings).filter((size) => size <= of[1]),
    sizesOf(to[0], readings).filter((size) => size <= of[1]),
  ]
  const largest = Math.max(...sizes)
  return [largest, to[0] === of[0] ? Math.min(...bases.filter((size) => size >= to[1])) : to[1] === of[1] ? largest : largest / 2]
}

/** Each bar is judged; where its sizes were not measured, at those that come nearest, which the row names. */
function judge(bench: Bench, readings: ReadonlyMap<string, GrowthReading>): void {
  const size = Math.max(...sizesOf('groups', readings))
  const largest = readings.get(nameOf('groups', size))
  for (const [part, read] of [
    ['p50', p50],
    ['max', (connections: readonly number[]) => Math.max(...connections)],
  ] as const) {
    if (largest === undefined) continue
    bench.judge({
      what: `connections of a node, ${part}, of ${size}`,
      reading: read(largest.connections),
      as: String,
      atMost: AT_256[part],
    })
  }
  for (const { what, of, to, read, atMost } of RATIOS) {
    const areMeasured = readings.has(nameOf(...of)) && readings.has(nameOf(...to))
    const [most, least] = areMeasured ? [of[1], to[1]] : sizesInstead(of, to, readings)
    const [large, small] = [readings.get(nameOf(of[0], most)), readings.get(nameOf(to[0], least))]
    const nameAt = (size: number, base: number) => `${what}, ${nameOf(of[0], size)} against ${nameOf(to[0], base)}`
    if (large === undefined || small === undefined) bench.judge({ what: nameAt(of[1], to[1]), value: 'not measured' })
    else bench.judge({ what: nameAt(most, least), reading: read(large) / read(small), as: times, atMost })
  }
  for (const [name, { findMs, connections }] of readings) {
    bench.judge({ what: `${name}: find of a held key, p50`, value: ms(findMs) })
    bench.judge({ what: `${name}: connections of a node, p50 and max`, value: `${p50(connections)} and ${Math.max(...connections)}` })
  }
}

if (import.meta.main) await runBench('growth', measureGrowth)
