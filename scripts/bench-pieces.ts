/**
 * How large a piece should be: the same bytes from one process to another in pieces of several sizes, by the parts of a peer that give and
 * take them, each piece checked. A small piece costs questions and a longer outline; a large one memory, a late first byte, and more
 * waste for each lie. The smallest piece is `MIN_PIECE_BYTES` in `node/content/format/outline.ts`.
 *
 *   npm run bench -- pieces
 */

import { type Bench, runBench } from './bench/report.ts'
import { digits, p50 } from './bench/samples.ts'
import { startWorker } from './bench/worker.ts'
import type { PiecesCalls, Timing } from './bench/workers/pieces.ts'

const KIB = 1_024
const MIB = 1_048_576
const SIZES = [16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB]
const CHOSEN = 256 * KIB
const TOTAL_BYTES = 64 * MIB
const ROUNDS = 5
const PARALLEL = 6
const WAYS = ['stream', 'http'] as const

async function measurePieces(bench: Bench): Promise<void> {
  const module = new URL('bench/workers/pieces.ts', import.meta.url)
  await using sender = await startWorker<PiecesCalls>(module)
  await using reader = await startWorker<PiecesCalls>(module)
  const { peer, address } = await sender.call('peer')
  /** By way and size, in rounds, so that a busy moment of the machine does not fall on one size alone. */
  const timings = new Map<string, Timing[]>()
  for (let round = 0; round <= ROUNDS; round++) {
    for (const way of WAYS) {
      for (const pieceBytes of SIZES) {
        await sender.call('give', pieceBytes)
        const timing = await reader.call('take', { peer, address, way, pieceBytes, totalBytes: TOTAL_BYTES, parallel: PARALLEL })
        if (round > 0) timings.set(`${way} ${pieceBytes}`, [...(timings.get(`${way} ${pieceBytes}`) ?? []), timing])
      }
    }
    bench.step(`round ${round} of ${ROUNDS}`)
  }
  const middle = (way: string, pieceBytes: number, of: (timing: Timing) => number) =>
    p50((timings.get(`${way} ${pieceBytes}`) ?? []).map(of))
  const rate = (way: string, pieceBytes: number) => TOTAL_BYTES / MIB / (middle(way, pieceBytes, ({ ms }) => ms) / 1_000)
  for (const way of WAYS) {
    const fastest = Math.max(...SIZES.map((size) => rate(way, size)))
    bench.table(
      `${TOTAL_BYTES / MIB} MiB over ${way === 'http' ? 'HTTP' : 'a stream'}, ${PARALLEL} pieces at once, the middle of ${ROUNDS} rounds`,
      ['piece', 'MiB/s', 'of the fastest', 'first piece, ms', 'CPU of the reader, ms/MiB', 'outline of 1 GiB', 'under way'],
      SIZES.map((size) => [
        `${size / KIB} KiB`,
        digits(rate(way, size)),
        digits(rate(way, size) / fastest),
        digits(middle(way, size, ({ firstMs }) => firstMs)),
        digits(middle(way, size, ({ cpuMs }) => cpuMs) / (TOTAL_BYTES / MIB)),
        `${(((1_024 * MIB) / size) * 32) / KIB} KiB`,
        `${(PARALLEL * size) / KIB} KiB`,
      ]),
    )
    bench.judge({
      what: `pieces of ${CHOSEN / KIB} KiB over ${way}, of the fastest size`,
      value: `${digits(rate(way, CHOSEN) / fastest)} ×`,
    })
  }
}

if (import.meta.main) await runBench('pieces', measurePieces)
