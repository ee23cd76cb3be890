/** Strangers in numbers: silent sockets, giant frames, forged announcements. The node is a process of its own, so that it can be weighed. */

import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { peerIdFromString } from '@libp2p/peer-id'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { createPeer, type Key } from '../../node/index.ts'
import { sha256 } from '../../node/keys/index.ts'
import { signLease } from '../../node/rendezvous/lease.ts'
import { MAX_LEASES_PER_FRAME, PRESENCE_PROTOCOL } from '../../node/rendezvous/wire.ts'
import { countAt, getRaw, hashOf } from '../helpers/gateway-client.ts'
import { spawnMayfly } from '../helpers/mayfly-process.ts'
import { untilJoined } from '../helpers/network.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { startRawPeer } from '../helpers/raw-peer.ts'
import { PRESENCE_CODEC } from '../helpers/raw-stream.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Resident memory of the process, in MiB. Linux only. */
function residentMiB({ process: child }: NodeProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024
}

test('floods: two thousand silent and half-open sockets are closed within 15 s while an honest tab gets in, and the node stops in 5 s', async () => {
  const node = await startNodeProcess()
  const closed = { tcp: 0, websocket: 0 }
  const sockets: (Socket | WebSocket)[] = []
  onTestFinished(() => {
    for (const socket of sockets) socket instanceof WebSocket ? socket.terminate() : socket.destroy()
  })
  const flood = watchConnections(node.port, ['127.0.0.2', '127.0.0.3'])
  for (let i = 0; i < 1_000; i++) {
    const silent = connect({ host: '127.0.0.1', port: node.port, localAddress: '127.0.0.2' })
    silent.on('error', () => {}).resume() // one that reads nothing never hears that it was closed
    silent.on('close', () => closed.tcp++)
    sockets.push(silent)
    // Half-open: an http upgrade, and then not a byte of the handshake.
    const half = new WebSocket(`ws://127.0.0.1:${node.port}/`, { localAddress: '127.0.0.3' })
    half.on('error', () => {})
    half.on('close', () => closed.websocket++)
    sockets.push(half)
  }
  // Honest, from an address of its own and from the flood's.
  const honest = spawnMayfly(['hold', '-', '--join', node.url, '--json'], { stdin: 'in the middle of a flood' })
  await honest.stdout.waitFor(() => true)
  expect(closed.tcp + closed.websocket).toBeLessThan(2_000)
  expect((await getRaw(node.url, hashOf('in the middle of a flood'))).status).toBe(200)
  // Counted at the node: a kernel that meets the flood with SYN cookies may forget a connection whose silent client believes in it for ever.
  await waitFor(
    () => flood.taken() > 1_000 && flood.open() === 0,
    60_000,
    () => JSON.stringify({ closed, taken: flood.taken(), open: flood.open() }),
  )
  expect(flood.longestMs()).toBeLessThan(15_000)

  const again = Array.from({ length: 500 }, () => connect({ host: '127.0.0.1', port: node.port }).on('error', () => {}))
  sockets.push(...again)
  const stopping = performance.now()
  expect((await node.stop()).code).toBe(0)
  expect(performance.now() - stopping).toBeLessThan(5_000)
})

/** Connections from these addresses to the process at the port, as its kernel sees them, and how long it has kept each that it took. Linux only. */
function watchConnections(port: number, from: string[]): { taken(): number; open(): number; longestMs(): number } {
  const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0')
  const flooders = from.map((address) =>
    address
      .split('.')
      .reverse()
      .map((part) => hex(Number(part), 2))
      .join(''),
  )
  /** By remote address and port, since when the process has it, in ms. */
  const takenAtMs = new Map<string, number>()
  let open = 0
  let longestMs = 0
  const look = setInterval(() => {
    const now = performance.now()
    open = 0
    for (const row of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
      const [, local = '', remote = '', state, , , , , , inode] = row.trim().split(/\s+/)
      if (state !== '01' || !local.endsWith(`:${hex(port, 4)}`) || !flooders.includes(remote.slice(0, 8))) continue
      open++
      if (inode === '0') continue // established, and waiting for the process to take it
      const sinceMs = takenAtMs.get(remote) ?? now
      takenAtMs.set(remote, sinceMs)
      longestMs = Math.max(longestMs, now - sinceMs)
    }
  }, 100)
  onTestFinished(() => clearInterval(look))
  return { taken: () => takenAtMs.size, open: () => open, longestMs: () => longestMs }
}

test('floods: frames of 95 MiB from strangers cost the node less than 64 MiB', async () => {
  const node = await startNodeProcess()
  const before = residentMiB(node)
  let most = before
  const sampler = setInterval(() => {
    most = Math.max(most, residentMiB(node))
  }, 10)
  onTestFinished(() => clearInterval(sampler))
  const frame = Buffer.alloc(95 * 1_048_576, 7)
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${node.port}/`)
      const ended = new Promise((resolve) => socket.once('close', resolve))
      socket.on('error', () => {})
      await new Promise((resolve) => socket.once('open', resolve))
      socket.send(frame)
      await ended
    }),
  )
  clearInterval(sampler)
  expect(most - before).toBeLessThan(64)
  expect((await fetch(`${node.url}/healthz`)).status).toBe(200)
})

test('floods: a hundred thousand forged announcements change no honest answer', async () => {
  const node = await startNodeProcess()
  const other = await startNodeProcess({ join: [node.url] })
  const honest = spawnMayfly(['hold', '-', '--join', node.url], { stdin: 'held by one' })
  await honest.stdout.waitFor(() => true)
  const hash = hashOf('held by one')
  const key = await sha256(new TextEncoder().encode('held by one'))
  await waitFor(async () => (await countAt(other.url, hash)) === 1, 10_000, 'the honest one is counted')

  let sent = 0
  const answers: boolean[] = []
  while (sent < 100_000) {
    sent += await forge(node, key, 5_000)
    answers.push(
      (await countAt(node.url, hash)) === 1 && (await countAt(other.url, hash)) === 1 && (await getRaw(other.url, hash)).status === 200,
    )
  }
  expect(answers.filter((right) => !right)).toEqual([])
  expect((await node.waitForLog(({ msg }) => String(msg).includes('refused'), 5_000)).level).toBeDefined()
}, 120_000)

/** A stranger announces itself for the key, many times, with broken signatures. Resolves with the number of leases that it has sent. */
async function forge(node: NodeProcess, key: Key, count: number): Promise<number> {
  const stranger = await startRawPeer({ role: 'tab', join: [], keepsPresence: false })
  try {
    const home = peerIdFromString(node.id)
    const { peerId } = stranger.libp2p
    const nowMs = Date.now()
    const real = await signLease(peerId, stranger.privateKey, { key, home, issuedAtMs: nowMs, expiresAtMs: nowMs + 60_000 })
    const { send, frames } = await stranger.open(node.addresses[0] ?? '', PRESENCE_PROTOCOL, PRESENCE_CODEC)
    send({ type: 'hello', role: 'tab', addresses: [], answersProbes: false })
    // Its own lease with bits of the signature turned: each another forgery.
    const forged = Array.from({ length: count }, (_, i) => {
      const bytes = Uint8Array.from(real.bytes)
      const at = bytes.byteLength - 1 - (i % 32)
      bytes[at] = (bytes[at] ?? 0) ^ (1 + (i % 255))
      return bytes
    })
    for (let at = 0; at < count; at += MAX_LEASES_PER_FRAME) {
      send({ type: 'hold', sequence: at, leases: forged.slice(at, at + MAX_LEASES_PER_FRAME) })
    }
    await waitFor(() => !frames.open, 10_000, 'the stranger is cut off')
    return count
  } finally {
    await stranger.stop()
  }
}

test('floods: a peer that holds too much gets a refusal with the limit and keeps what it has', async () => {
  const node = await startNodeProcess()
  const tab = await createPeer({ join: [node.url], limits: { maxHeldContents: 3, maxContentBytes: 1_000 } })
  onTestFinished(() => tab.stop())
  await tab.start()
  await untilJoined(tab)
  const encode = (words: string) => new TextEncoder().encode(words)
  for (const words of ['one', 'two', 'three']) await tab.content.hold(encode(words))
  await expect(tab.content.hold(encode('four'))).rejects.toMatchObject({ code: 'ERR_LIMIT', message: expect.stringContaining('3') })
  await expect(tab.content.hold(new Uint8Array(1_001))).rejects.toMatchObject({
    code: 'ERR_TOO_LARGE',
    message: expect.stringContaining('1000'),
  })
  for (const words of ['one', 'two', 'three']) expect((await getRaw(node.url, hashOf(words))).status).toBe(200)
})
