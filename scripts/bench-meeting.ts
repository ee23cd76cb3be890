/**
 * Servers that come at the same moment, and know one address alone: how long until each knows all others, and what it costs all of them in
 * messages and processor time. Each network is in a process of its own, on real sockets.
 *
 *   npm run bench -- meeting
 */

import { type Bench, runBench } from './bench/report.ts'
import { bytes, digits, seconds } from './bench/samples.ts'
import { startWorker } from './bench/worker.ts'
import type { MeetingCalls } from './bench/workers/meeting.ts'

const SIZES = [8, 24, 48]
const LIMIT_MS = 120_000
/** Processor time of one pair, dial and all, at 24 servers against 8. */
const MAX_GROWTH = 1.3

const times = (ratio: number) => `${digits(ratio)} ×`

async function measureMeeting(bench: Bench): Promise<void> {
  const rows: string[][] = []
  const pairMs = new Map<number, number>()
  for (const size of SIZES) {
    await using worker = await startWorker<MeetingCalls>(new URL('bench/workers/meeting.ts', import.meta.url))
    const met = await worker.call('meet', { size, limitMs: LIMIT_MS })
    const pairs = (size * (size - 1)) / 2
    pairMs.set(size, met.cpuMs / pairs)
    const time = Number.isFinite(met.ms) ? seconds(met.ms) : `not within ${seconds(LIMIT_MS)}`
    rows.push([
      String(size),
      time,
      seconds(met.idleMs),
      `${met.fewest + 1} of ${size}`,
      digits(met.connections),
      seconds(met.cpuMs),
      digits(met.cpuMs / pairs),
      String(met.messages),
      digits(met.messages / pairs),
      bytes(met.bytes / pairs),
    ])
    bench.judge({ what: `${size} servers that come at once all know each other after`, value: time })
  }
  bench.table(
    'Servers that come at once',
    [
      'servers',
      'all know all after',
      'of it idle',
      'the one that knows fewest',
      'connections',
      'processor',
      'ms a pair',
      'messages',
      'a pair',
      'bytes a pair',
    ],
    rows,
  )
  const growth = (pairMs.get(24) ?? Number.NaN) / (pairMs.get(8) ?? Number.NaN)
  bench.judge({ what: 'processor time of a pair, 24 servers against 8', reading: growth, as: times, atMost: MAX_GROWTH })
}

if (import.meta.main) await runBench('meeting', measureMeeting)
