/**
 * Shows a sender whose machine sleeps for a minute in the middle of a file: its process is stopped (SIGSTOP), and wakes. The receiver says that it
 * has left, waits, and goes on by itself. Ends with 1 where a byte is wrong, or the transfer does not go on.
 *
 *   npm run show-sleep            one minute of sleep; some two in all
 *   npm run show-sleep -- 300     so many seconds
 */

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { waitUntil } from './bench/wait.ts'

const MAIN = fileURLToPath(new URL('../node/cli/main.ts', import.meta.url))
const BYTES = 24 * 1_048_576
const RATE = '2MB'
/** For each step but the sleep, in ms. */
const STEP_MS = 120_000

const seconds = Number(process.argv[2] ?? 60)
const folder = await mkdtemp(join(tmpdir(), 'mayfly-sleep-'))
const children: ChildProcessByStdio<null, Readable, null>[] = []
const startedAtMs = performance.now()
const say = (words: string) => console.log(`${((performance.now() - startedAtMs) / 1_000).toFixed(1).padStart(7)} s  ${words}`)

/** The command with `--json`: its events so far, and waiting for one. */
function run(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const events: Record<string, unknown>[] = []
  createInterface({ input: child.stdout }).on('line', (line) => events.push(JSON.parse(line)))
  return {
    child,
    async event(what: string, fits: (event: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
      await waitUntil(() => events.some(fits), STEP_MS, what)
      return events.find(fits) ?? {}
    },
  }
}

try {
  const film = join(folder, 'film')
  await writeFile(film, randomBytes(BYTES))
  const near = run('start', '--port', '0', '--data', join(folder, 'near'), '--log-level', 'error')
  const { url: nearUrl } = await near.event('a node', ({ url }) => url !== undefined)
  const far = run('start', '--port', '0', '--data', join(folder, 'far'), '--log-level', 'error', '--join', String(nearUrl))
  const { url: farUrl } = await far.event('another node', ({ url }) => url !== undefined)
  const sender = run('share', film, '--no-code', '--peer-rate', RATE, '--join', String(nearUrl))
  const { url } = await sender.event('a link', ({ type }) => type === 'share')
  const into = join(folder, 'saved')
  const receiving = ['receive', String(url), '--yes', '--wait', `${seconds + 120}s`, '-o', into, '--data', join(folder, 'data')]
  const receiver = run(...receiving, '--join', String(farUrl))
  const { bytes } = await receiver.event('a quarter of it', (event) => event.type === 'progress' && Number(event.bytes) > BYTES / 4)
  sender.child.kill('SIGSTOP')
  say(`the sender sleeps; ${bytes} of ${BYTES} bytes are there`)
  const waking = delay(seconds * 1_000)
  await receiver.event('its leaving', ({ state }) => state === 'away')
  say('the receiver says that it has left, and waits')
  await waking
  sender.child.kill('SIGCONT')
  say('the sender wakes')
  await waitUntil(() => receiver.child.exitCode !== null || receiver.child.signalCode !== null, STEP_MS, 'all of it')
  const code = receiver.child.exitCode
  const [names, saved, given] = [await readdir(into), await readFile(join(into, 'film')), await readFile(film)]
  const isRight = code === 0 && names.length === 1 && sha256(saved) === sha256(given)
  say(isRight ? 'all of it is there, byte by byte' : `WRONG: exit code ${code}, ${names.join(', ')}`)
  if (!isRight) process.exitCode = 1
} finally {
  for (const child of children) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
