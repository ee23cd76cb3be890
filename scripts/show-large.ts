/**
 * Shows that content of any size goes through: a file held by the command behind one node, read by curl at the gateway of another, its
 * SHA-256 made by sha256sum, and the memory of all three processes bounded. Ends with 1 where one of these is not so.
 *
 *   npm run show-large                       5 GiB: some minutes, and hardly any room, since the file is sparse
 *   npm run show-large -- 104857600          so many bytes
 *   npm run show-large -- 104857600 --json   the figures as JSON
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { startNode } from './bench/mayfly-network.ts'
import { peakRssOf, rssOf } from './bench/process-stat.ts'
import { writeSparse } from './bench/sparse-file.ts'
import { waitUntil } from './bench/wait.ts'

const MAIN = fileURLToPath(new URL('../node/cli/main.ts', import.meta.url))
const DEFAULT_BYTES = 5 * 2 ** 30
/**
 * Growth of a process's memory over its idle state that is allowed, whatever the size of the content, in bytes. Holder, home and gateway: 54, 110 and
 * 78 MiB more for 100 MiB, 80, 144 and 134 for 5 GiB on a machine with six times the work that it can do (2026-11-21).
 */
const MAX_GROWTH = 200 * 2 ** 20
const JOIN_MS = 30_000

interface Holder {
  child: ChildProcess
  pid: number
  hash: string
  url: string
}

/** Resolves once the link is said. */
async function hold(path: string, gateway: string): Promise<Holder> {
  const child = spawn(process.execPath, [MAIN, 'hold', path, '--json', '--join', gateway], { stdio: ['ignore', 'pipe', 'inherit'] })
  process.once('exit', () => child.kill('SIGKILL'))
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), once(child, 'exit').then(() => [''])])
  if (line === '') throw new Error('mayfly hold ended without a link')
  const { hash, url } = JSON.parse(String(line)) as { hash: string; url: string }
  return { child, pid: child.pid as number, hash, url }
}

async function end({ child }: Holder): Promise<void> {
  child.kill('SIGTERM')
  await once(child, 'exit')
}

/** Output of `curl URL | sha256sum`. */
async function readByCurl(url: string): Promise<string> {
  const curl = spawn('curl', ['--silent', '--show-error', '--fail', url], { stdio: ['ignore', 'pipe', 'inherit'] })
  const sum = spawn('sha256sum', [], { stdio: [curl.stdout, 'pipe', 'inherit'] })
  const [[code], said] = await Promise.all([once(curl, 'exit'), text(sum.stdout)])
  if (code !== 0) throw new Error(`curl ended with ${code}`)
  return said.slice(0, 64)
}

async function show(bytes: number) {
  const directory = mkdtempSync(join(tmpdir(), 'mayfly-large-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, 'large.bin')
  await writeSparse(path, bytes)
  await using near = await startNode()
  await using far = await startNode({ join: [near.url] })
  await waitUntil(async () => (await far.status()).joined, JOIN_MS, 'the nodes have met')

  // Baseline of each process: for the command, its memory for a file that it reads in one go.
  await writeSparse(`${path}.small`, 8)
  const small = await hold(`${path}.small`, near.url)
  const idle = { holder: rssOf(small.pid), home: rssOf(near.pid), gateway: rssOf(far.pid) }
  await end(small)

  const startedAtMs = performance.now()
  const holder = await hold(path, near.url)
  const heldAtMs = performance.now()
  const { pathname, search } = new URL(holder.url)
  const sum = await readByCurl(`${far.url}/raw${pathname}${search}`)
  const readAtMs = performance.now()
  const peak = { holder: peakRssOf(holder.pid), home: peakRssOf(near.pid), gateway: peakRssOf(far.pid) }
  await end(holder)
  return {
    bytes,
    hash: holder.hash,
    sha256sum: sum,
    hashSeconds: (heldAtMs - startedAtMs) / 1_000,
    readSeconds: (readAtMs - heldAtMs) / 1_000,
    idle,
    peak,
    isRight: sum === holder.hash,
    isBounded: Object.entries(peak).every(([who, most]) => most - idle[who as keyof typeof idle] <= MAX_GROWTH),
  }
}

const given = process.argv.slice(2).filter((argument) => argument !== '--json')
const found = await show(given[0] === undefined ? DEFAULT_BYTES : Number(given[0]))
if (process.argv.includes('--json')) console.log(JSON.stringify(found))
else {
  const mib = (bytes: number) => Math.round(bytes / 2 ** 20)
  const { bytes, hash, sha256sum, hashSeconds, readSeconds, idle, peak } = found
  console.log(`bytes      ${bytes.toLocaleString('en')}`)
  console.log(`link       ${hash}`)
  console.log(`sha256sum  ${sha256sum}  ${found.isRight ? 'right' : 'WRONG'}`)
  console.log(`held after ${hashSeconds.toFixed(1)} s, read in ${readSeconds.toFixed(1)} s: ${Math.round(mib(bytes) / readSeconds)} MiB/s`)
  for (const [who, most] of Object.entries(peak)) {
    const before = idle[who as keyof typeof idle]
    console.log(`memory     ${who}: ${mib(most)} MiB at most, ${mib(before)} MiB without`)
  }
  console.log(found.isBounded ? 'memory is bounded' : `memory is NOT bounded: over ${mib(MAX_GROWTH)} MiB more`)
}
process.exitCode = found.isRight && found.isBounded ? 0 : 1
