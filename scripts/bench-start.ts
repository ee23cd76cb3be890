/**
 * Commands from their start to their end: something small from a node on this machine, beside the bare start of Node.js; and 64 MiB, beside curl
 * and `sha256sum`. They take turns, so that what else the machine does falls on all alike.
 *
 *   npm run bench -- start
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNode } from './bench/mayfly-network.ts'
import { runMeasured } from './bench/measured-command.ts'
import { type Bench, runBench } from './bench/report.ts'
import { digits, ms, p50, times } from './bench/samples.ts'
import { startWorker } from './bench/worker.ts'
import type { BulkPeerCalls } from './bench/workers/bulk-peer.ts'
import { keepCommand } from './command-bundle.ts'

/** As the package has it: bundled. */
const MAIN = await keepCommand()
const MIB = 1_048_576
const LARGE = { size: 64 * MIB, seed: 1 }
const SMALL_BYTES = 1_024
const ROUNDS = 9
const LARGE_ROUNDS = 3
const BAR = { ofBareStart: 4, ofCurl: 0.4 }

interface Run {
  name: string
  program: string
  parameters: string[]
  readings: { ms: number; cpuMs: number }[]
}

const run = (name: string, program: string, parameters: string[]): Run => ({ name, program, parameters, readings: [] })
const mayfly = (name: string, ...parameters: string[]) => run(`mayfly ${name}`, process.execPath, [MAIN, ...parameters])
const msOf = ({ readings }: Run) => p50(readings.map((reading) => reading.ms))

/** The first round fills the cache of compiled code, and does not count. */
async function takeTurns(bench: Bench, runs: Run[], rounds: number): Promise<void> {
  for (let round = 0; round <= rounds; round++) {
    bench.step(`${round} of ${rounds}: ${runs.map(({ name }) => name).join(', ')}`)
    for (const { program, parameters, readings } of runs) {
      const reading = await runMeasured(program, parameters, 'stderr')
      if (round > 0) readings.push(reading)
    }
  }
}

async function measureSmall(bench: Bench): Promise<void> {
  const node = bench.stack.use(await startNode())
  const hash = await node.hold(crypto.getRandomValues(new Uint8Array(SMALL_BYTES)))
  const data = bench.stack.adopt(mkdtempSync(join(tmpdir(), 'mayfly-bench-')), (path) => rmSync(path, { recursive: true }))
  const bare = run('node -e 0', process.execPath, ['-e', '0'])
  const commands = [
    mayfly('--version', '--version'),
    mayfly('holders', 'holders', hash, '--join', node.url),
    mayfly('get, 1 KiB', 'get', hash, '--output', '-', '--join', node.url),
    // Its time is over before the next one: else each would send those before it again.
    mayfly('send', 'send', '#bench', 'hello', '--ttl', '1s', '--data', data, '--join', node.url),
  ]
  await takeTurns(bench, [bare, ...commands], ROUNDS)
  bench.table(
    'Commands, from their start to their end, asking a node on this machine',
    ['command', 'p50, ms', 'processor time, ms', 'of node -e 0'],
    [bare, ...commands].map((each) => [
      each.name,
      digits(msOf(each)),
      digits(p50(each.readings.map(({ cpuMs }) => cpuMs))),
      times(msOf(each) / msOf(bare)),
    ]),
  )
  for (const each of commands)
    bench.judge({ what: `${each.name}, of node -e 0`, reading: msOf(each) / msOf(bare), as: times, atMost: BAR.ofBareStart })
}

async function measureLarge(bench: Bench): Promise<void> {
  const start = async (module: string) =>
    bench.stack.use(await startWorker<BulkPeerCalls>(new URL(`bench/workers/${module}.ts`, import.meta.url)))
  const [holder, server] = [await start('bulk-mayfly'), await start('bulk-http')]
  const address = await holder.call('start', {})
  const port = await server.call('start', {})
  const reference = await holder.call('offer', LARGE)
  const gateway = `http://127.0.0.1:${address.split('/')[4]}`
  const bare = run('curl | sha256sum', 'sh', [
    '-c',
    `curl --silent --fail 'http://127.0.0.1:${port}/?size=${LARGE.size}&seed=${LARGE.seed}' | sha256sum`,
  ])
  const commands = [
    mayfly('get, from a gateway', 'get', reference, '--output', '-', '--join', gateway),
    mayfly('get, from the overlay', 'get', reference, '--output', '-', '--join', address),
  ]
  await takeTurns(bench, [bare, ...commands], LARGE_ROUNDS)
  bench.table(
    `${LARGE.size / MIB} MiB, from the start of the command to its end, checked by SHA-256`,
    ['command', 'p50', 'processor time, ms', 'speed, of curl and sha256sum'],
    [bare, ...commands].map((each) => [
      each.name,
      ms(msOf(each)),
      digits(p50(each.readings.map(({ cpuMs }) => cpuMs))),
      times(msOf(bare) / msOf(each)),
    ]),
  )
  for (const each of commands) {
    const what = `${LARGE.size / MIB} MiB by ${each.name}, of the speed of curl and sha256sum`
    bench.judge({ what, reading: msOf(bare) / msOf(each), as: times, atLeast: BAR.ofCurl })
  }
}

await runBench('start', async (bench) => {
  await measureSmall(bench)
  await measureLarge(bench)
})
