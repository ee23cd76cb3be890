/**
 * A small network of `mayfly` processes, one of whose clocks is wrong: three nodes, one of them the home of a sender, one the home of a receiver,
 * all of them record nodes. Each process has a clock of its own by libfaketime, which can be set while it runs; the monotonic clock stays right.
 *
 * @see https://github.com/wolfcw/libfaketime
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { PeerStatus } from '../../node/index.ts'
import { requireProgram } from '../test-programs.ts'
import { waitUntil } from './wait.ts'

export const ROLES = ['sender', 'home', 'record node', 'receiver'] as const
export type ClockRole = (typeof ROLES)[number]

/** As libfaketime reads it. */
const OFFSETS = ['-1d', '-1h', '-70s', '+70s', '+1h', '+1d'] as const

export interface ClockCase {
  role: ClockRole
  offset: (typeof OFFSETS)[number]
  /** The clock is set while the process runs; else the process starts with it. */
  isStep: boolean
}

export const clockCases = (): ClockCase[] =>
  ROLES.flatMap((role) => OFFSETS.flatMap((offset) => [false, true].map((isStep) => ({ role, offset, isStep }))))

/** One of each role. */
export const SHORT_CASES: readonly ClockCase[] = [
  { role: 'home', offset: '+1h', isStep: true },
  { role: 'record node', offset: '-70s', isStep: false },
  { role: 'receiver', offset: '+1d', isStep: true },
  { role: 'sender', offset: '-1d', isStep: true },
]

export interface ClockResult {
  page: string
  message: string
  /** Words of the process whose clock is wrong, or ''. */
  said: string
  /** The same once its clock was put right, '' where it is not looked at. */
  putRight: string
  /** The page or the message failed, and nobody said why; or nobody noticed the clock. */
  isSilent: boolean
}

/** How long a page may take to be found, or a clock to be noticed, in ms. */
const SETTLE_MS = 20_000
/** How long a process needs to notice that its clock is right again: only then is the next fault news to it, in ms. */
const RIGHT_MS = 3_000

/** The network is left with all clocks right. */
export async function runClockCase(network: ClockNetwork, { role, offset, isStep }: ClockCase): Promise<ClockResult> {
  const { setClock, said } = network.roles[role]
  await delay(RIGHT_MS)
  const before = said.length
  setClock(offset)
  if (!isStep) {
    await network.start(role)
    // A home that is started again brings no page: its sender's is another tab's to tell.
    if (role === 'home') await network.start('sender')
  }
  const tellsSo = () => said.slice(before).find((line) => /clock is|"clock"/i.test(line))
  const noticed = await waitUntil(() => tellsSo() !== undefined, SETTLE_MS, 'the clock is noticed').then(
    () => true,
    () => false,
  )
  const outcome = await tryNetwork(network)
  setClock('+0')
  const after = await tryNetwork(network)
  return {
    ...outcome,
    said: (tellsSo() ?? '').slice(0, 160),
    putRight: after.isWhole ? 'works' : `${after.page} ${after.message}`,
    isSilent: !noticed || !outcome.isWhole || !after.isWhole,
  }
}

/** A page is read as often as it takes, since a find in the very second of a step may fail with words. */
async function tryNetwork(network: ClockNetwork) {
  let page = ''
  const took = await waitUntil(
    async () => {
      page = await network.read()
      return page.startsWith('200 ')
    },
    SETTLE_MS,
    'the page is read',
  ).catch(() => undefined)
  const text = `message ${Math.random()}`
  const message = await network.send(text)
  const isStored = message.startsWith('0 ') && network.hasHeard(text)
  return {
    page: took === undefined ? page : 'works',
    message: isStored ? 'works' : message,
    isWhole: took !== undefined && isStored,
  }
}

export type ClockNetwork = Awaited<ReturnType<typeof startClockNetwork>>

const MAIN = fileURLToPath(new URL('../../node/cli/main.ts', import.meta.url))
const START_MS = 60_000

/** @throws with the package to install */
function requireFaketime(): string {
  requireProgram('faketime')
  const [library] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')
  if (library === undefined) throw new Error('faketime is here, and its library is not where Debian has it')
  return library
}

interface Role {
  child: ChildProcess | undefined
  /** Lines of its output, and of its log. */
  lines: string[]
  said: string[]
  setClock(offset: string): void
}

export async function startClockNetwork() {
  const library = requireFaketime()
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-clocks-'))
  const roles = Object.fromEntries(['reader', ...ROLES].map((name) => [name, createRole(name)])) as Record<ClockRole | 'reader', Role>
  const urls: Partial<Record<ClockRole | 'reader', string>> = {}
  let pages = 0

  function environment(name: string): NodeJS.ProcessEnv {
    return {
      ...Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('MAYFLY_'))),
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: join(folder, `${name}.time`),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1', // before 0.9.10 without the first word
      DONT_FAKE_MONOTONIC: '1',
    }
  }

  function createRole(name: string): Role {
    const setClock = (offset: string) => writeFileSync(join(folder, `${name}.time`), offset)
    setClock('+0')
    return { child: undefined, lines: [], said: [], setClock }
  }

  function run(name: ClockRole | 'reader', args: string[]): ChildProcess {
    const role = roles[name]
    const data = join(folder, name)
    mkdirSync(data, { recursive: true })
    const child = spawn(process.execPath, [MAIN, ...args, '--json', '--data', data], {
      env: environment(name),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    role.lines = []
    createInterface({ input: child.stdout }).on('line', (line) => role.lines.push(line))
    createInterface({ input: child.stderr }).on('line', (line) => role.said.push(line))
    return child
  }

  async function end(name: ClockRole | 'reader'): Promise<void> {
    const { child } = roles[name]
    roles[name].child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await once(child, 'exit')
    clearTimeout(late)
  }

  async function start(name: ClockRole | 'reader'): Promise<void> {
    const role = roles[name]
    await end(name)
    if (name === 'sender') return startSender()
    const port = urls[name] === undefined ? '0' : new URL(urls[name]).port
    const args =
      name === 'receiver'
        ? ['receive', 'inbox', '--port', port, '--join', urls.reader as string]
        : ['start', '--port', port, '--log-level', 'warn', ...(name === 'reader' ? [] : ['--join', urls.reader as string])]
    role.child = run(name, args)
    await waitUntil(() => role.lines.some((line) => line.includes('"url"')), START_MS, `${name} has started: ${role.said.join('\n')}`)
    urls[name] = (JSON.parse(role.lines.find((line) => line.includes('"url"')) as string) as { url: string }).url
    if (name !== 'receiver')
      await waitUntil(async () => (await status(name)).counts.servers >= meshSize(name), START_MS, `${name} has joined`)
  }

  /** A page of its own each time, since each time it is another process that holds it. */
  async function startSender(): Promise<void> {
    const role = roles.sender
    const file = join(folder, `page-${++pages}.txt`)
    writeFileSync(file, `a page, number ${pages}, ${Math.random()}`)
    role.child = run('sender', ['hold', file, '--join', urls.home as string])
    await waitUntil(() => role.lines.some((line) => line.includes('"hash"')), START_MS, `the sender holds: ${role.said.join('\n')}`)
  }

  /** The root has nobody to wait for. */
  const meshSize = (name: string) => (name === 'reader' ? 0 : Object.keys(urls).filter((each) => each !== 'receiver').length - 1)

  async function status(name: ClockRole | 'reader'): Promise<PeerStatus> {
    const response = await fetch(`${urls[name]}/api/v1/status`)
    return (await response.json()) as PeerStatus
  }

  async function read(): Promise<string> {
    const { hash } = JSON.parse(roles.sender.lines.find((line) => line.includes('"hash"')) as string) as { hash: string }
    const response = await fetch(`${urls.reader}/raw/${hash}`, { headers: { accept: 'text/plain' } })
    return `${response.status} ${(await response.text()).slice(0, 160).trim()}`
  }

  /** By the command, with the sender's clock. @returns the state that it printed */
  async function send(text: string): Promise<string> {
    const { hashname } = JSON.parse(roles.receiver.lines.find((line) => line.includes('"hashname"')) as string) as { hashname: string }
    const child = spawn(
      process.execPath,
      [MAIN, 'send', hashname, text, '--json', '--wait', '20s', '--data', join(folder, 'sending'), '--join', urls.home as string],
      { env: environment('sender'), stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const said: string[] = []
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', (line) => said.push(line))
    const [code] = (await once(child, 'close')) as [number | null]
    return `${code} ${said.join(' ').slice(0, 200)}`
  }

  for (const name of ['reader', 'home', 'record node', 'receiver', 'sender'] as const) await start(name)

  return {
    roles,
    urls,
    start,
    status,
    read,
    send,
    hasHeard: (text: string) => roles.receiver.lines.some((line) => line.includes(text)),
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all(Object.keys(roles).map((name) => end(name as ClockRole | 'reader')))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
