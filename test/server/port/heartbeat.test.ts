import { EventEmitter, once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createHeartbeat } from '../../../node/server/port/heartbeat.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A socket whose other end is the test. */
function createSocket({ answers = false } = {}) {
  const socket = new EventEmitter() as EventEmitter & { pings: number; ended: boolean }
  socket.pings = 0
  socket.ended = false
  return Object.assign(socket, {
    ping() {
      socket.pings++
      if (answers) socket.emit('pong')
    },
    terminate() {
      socket.ended = true
      socket.emit('close')
    },
  })
}
/** Sockets are judged in the turn behind the timer's own. */
function pass(ms: number): void {
  vi.advanceTimersByTime(ms)
  vi.advanceTimersByTime(1)
}
const watched = (heartbeat: ReturnType<typeof createHeartbeat>, socket: EventEmitter) => heartbeat.watch(socket as unknown as WebSocket)

test('heartbeat: a silent socket is terminated one to two intervals after its last sign', () => {
  const heartbeat = createHeartbeat({ pingIntervalMs: 100 })
  const socket = createSocket()
  watched(heartbeat, socket)
  pass(100)
  expect([socket.pings, socket.ended]).toEqual([1, false])
  pass(100)
  expect(socket.ended).toBe(true)
  expect(heartbeat.size).toBe(0)
})

test('heartbeat: pongs keep a socket, and so do its messages', () => {
  const heartbeat = createHeartbeat({ pingIntervalMs: 100 })
  const [answering, talking] = [createSocket({ answers: true }), createSocket()]
  watched(heartbeat, answering)
  watched(heartbeat, talking)
  for (let i = 0; i < 10; i++) {
    pass(100)
    talking.emit('message')
  }
  expect([answering.ended, talking.ended]).toEqual([false, false])
  expect(answering.pings).toBe(10)
})

test('heartbeat: without sockets there is no timer', () => {
  const heartbeat = createHeartbeat({ pingIntervalMs: 100 })
  expect(vi.getTimerCount()).toBe(0)
  const socket = createSocket({ answers: true })
  watched(heartbeat, socket)
  expect(vi.getTimerCount()).toBe(1)
  socket.emit('close')
  expect(vi.getTimerCount()).toBe(0)
  watched(heartbeat, createSocket())
  expect(vi.getTimerCount()).toBe(1)
})

test('heartbeat: a pong that comes after the close revives nothing', () => {
  const heartbeat = createHeartbeat({ pingIntervalMs: 100 })
  const socket = createSocket()
  watched(heartbeat, socket)
  socket.emit('close')
  socket.emit('pong')
  expect(heartbeat.size).toBe(0)
})

test('heartbeat: a process that was busy for long reads the pongs before it terminates silent sockets', async () => {
  vi.useRealTimers()
  // The client is in this process, too: beside a busy core it took more than 50 ms to answer the next ping.
  const pingIntervalMs = 300
  const heartbeat = createHeartbeat({ pingIntervalMs })
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  const served = once(server, 'connection')
  await once(server, 'listening')
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => {
    client.terminate()
    server.close()
  })
  const [socket] = (await served) as [WebSocket]
  const ended = once(socket, 'close').then(() => 'ended')
  heartbeat.watch(socket)
  await once(client, 'ping')
  // The client has answered; before that is read, this process does nothing else for two intervals.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pingIntervalMs * 2)
  const pinged = once(client, 'ping').then(() => 'pinged again')
  expect(await Promise.race([ended, pinged])).toBe('pinged again')
})
