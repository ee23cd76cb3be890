/** Tables of the transfers of all systems, one for each size, and the bars that mayfly has to meet in speed and memory. */

import type { System, Transfer } from './bulk-carrier.ts'
import type { Bench } from './report.ts'
import { digits, ms, p50, percent, times } from './samples.ts'

/** By system, then by size in MiB. */
export type Results = Map<System, Map<number, Transfer[]>>

const MIB = 1_048_576
/** Below this ratio of sizes, growing memory says nothing. */
const MUCH_LARGER = 8

const BAR = { ofFastestPeer: 1.8, ofHttp: 0.65, cpuOfHttp: 2, gatewayOfHttp: 0.55, ofDataChannel: 0.9, firstMs: 100, grownShare: 0.1 }

const REMARKS = [
  'The first byte is the first that was checked; of curl, the first of the answer. Commands are measured from their start to their end,',
  "the loading of their code included. What a tab's home uses is not in the figures of the two tabs. Of a browser, memory is the sum of its",
  'processes, which share some of it. WebTorrent meets its peer anew for each torrent, and in pages by a tracker. Tab to tab is called',
  'direct when their home read and wrote less than 1 % of the content.',
].join('\n')

export function printFigures(bench: Bench, results: Results, sizes: readonly number[]): void {
  bench.note(REMARKS)
  const checks = Map.groupBy(results.keys(), ({ check }) => check)
  bench.note(['Checked:', ...Array.from(checks, ([check, by]) => `  ${check}: ${by.map(({ name }) => name).join('; ')}`)].join('\n'))
  for (const size of sizes) {
    for (const runs of ['node', 'chromium'] as const) printTable(bench, results, runs, size)
  }
}

const speedOf = (transfers: readonly Transfer[] | undefined) => p50((transfers ?? []).map(({ mibPerSecond }) => mibPerSecond))
const peakOf = (transfers: readonly Transfer[], of: 'senderRss' | 'readerRss') => Math.max(...transfers.map((each) => each[of]))
const isMeasured = (value: number) => Number.isFinite(value)

function speedsOf(results: Results, size: number, isWanted: (system: System) => boolean): number[] {
  return [...results]
    .filter(([system]) => isWanted(system))
    .map(([, bySize]) => speedOf(bySize.get(size)))
    .filter(isMeasured)
}

const fastestPeer = (results: Results, runs: System['runs'], size: number) =>
  Math.max(...speedsOf(results, size, (system) => system.runs === runs && system.kind === 'peer'))
/** Mayfly's bar. In Node.js: HTTP with SHA-256; in Chromium: the fastest of the bare data channels. */
const base = (results: Results, runs: System['runs'], size: number) =>
  Math.max(...speedsOf(results, size, (system) => system.runs === runs && system.kind === 'base'))

function printTable(bench: Bench, results: Results, runs: System['runs'], size: number): void {
  const rows = [...results].flatMap(([system, bySize]) => {
    const transfers = bySize.get(size)
    if (system.runs !== runs || transfers === undefined) return []
    const speeds = transfers.map(({ mibPerSecond }) => mibPerSecond)
    const middle = (of: (each: Transfer) => number) => digits(p50(transfers.map(of)))
    const mib = (of: 'senderRss' | 'readerRss') => (peakOf(transfers, of) / MIB).toFixed(0)
    return [
      [
        [system.name, ...new Set(transfers.flatMap(({ way }) => way ?? []))].join(', '),
        digits(p50(speeds)),
        speeds.length > 1 ? `${digits(Math.min(...speeds))}–${digits(Math.max(...speeds))}` : '–',
        middle(({ firstMs = Number.NaN }) => firstMs),
        middle(({ senderCpu }) => senderCpu),
        middle(({ readerCpu }) => readerCpu),
        mib('senderRss'),
        mib('readerRss'),
        ratio(p50(speeds) / base(results, runs, size)),
        ratio(p50(speeds) / fastestPeer(results, runs, size)),
      ],
    ]
  })
  if (rows.length === 0) return
  bench.table(
    `${size} MiB ${runs === 'node' ? 'in Node.js' : 'between two pages of Chromium, each with a browser of its own'}`,
    [
      'system',
      'MiB/s',
      'range',
      'first byte, ms',
      'CPU s/GiB: sender',
      'reader',
      'peak RSS, MiB: sender',
      'reader',
      runs === 'node' ? 'of HTTP' : 'of a data channel',
      'of the fastest peer',
    ],
    rows,
  )
}

/** A ratio to nothing is nothing. */
const ratio = (value: number) => (isMeasured(value) && value > 0 ? times(value) : '–')

/** The reader's processor time for each byte, against that of a reader over HTTP that checks the same. */
function judgeCpu(bench: Bench, results: Results, size: number): void {
  const cpuOf = (kind: System['kind'], part: string) => {
    const [, bySize] = [...results].find(([system]) => system.runs === 'node' && system.kind === kind && system.name.includes(part)) ?? []
    return p50((bySize?.get(size) ?? []).map(({ readerCpu }) => readerCpu))
  }
  const reading = cpuOf('own', 'node → node') / cpuOf('base', 'HTTP')
  const what = `node → node, processor time of the reader, of HTTP with SHA-256, ${size} MiB`
  if (isMeasured(reading)) bench.judge({ what, reading, as: times, atMost: BAR.cpuOfHttp })
}

/** Judges mayfly by its bars. */
export function judgeFigures(bench: Bench, results: Results, sizes: readonly number[]): void {
  const find = (part: string) => [...results].find(([{ kind, name }]) => kind === 'own' && name.includes(part))?.[1]
  const nodes = find('node → node')
  const tabs = find('tab → tab')
  for (const size of sizes) {
    const compare = (what: string, value: number, bar: number) => {
      if (!isMeasured(value) || value === 0) return
      bench.judge({ what: `${what}, ${size} MiB`, reading: value, as: times, atLeast: bar })
    }
    compare('node → node, of the fastest peer', speedOf(nodes?.get(size)) / fastestPeer(results, 'node', size), BAR.ofFastestPeer)
    compare('node → node, of HTTP with SHA-256', speedOf(nodes?.get(size)) / base(results, 'node', size), BAR.ofHttp)
    compare(
      'node → gateway → curl, of HTTP with SHA-256',
      speedOf(find('curl')?.get(size)) / base(results, 'node', size),
      BAR.gatewayOfHttp,
    )
    judgeCpu(bench, results, size)
    compare('tab → tab, of a data channel', speedOf(tabs?.get(size)) / base(results, 'chromium', size), BAR.ofDataChannel)
  }
  const [small = 0, large = 0] = [Math.min(...sizes), Math.max(...sizes)]
  const first = nodes?.get(large)?.map(({ firstMs }) => firstMs ?? Number.NaN)
  if (first !== undefined) {
    const value = p50(first)
    bench.judge({ what: `first byte, node → node, ${large} MiB`, reading: value, as: ms, under: BAR.firstMs })
  }
  if (large < small * MUCH_LARGER) return
  for (const [system, bySize] of results) {
    const [before, after] = [bySize.get(small), bySize.get(large)]
    if (system.kind !== 'own' || before === undefined || after === undefined) continue
    for (const [end, of] of [
      ['sender', 'senderRss'],
      ['reader', 'readerRss'],
    ] as const) {
      const value = (peakOf(after, of) - peakOf(before, of)) / ((large - small) * MIB)
      const what = `${system.name}: memory of the ${end} grows with the content by`
      bench.judge({ what, reading: Math.max(0, value), as: percent, under: BAR.grownShare })
    }
  }
}
