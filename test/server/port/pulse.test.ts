import { EventEmitter, once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createPulse } from '../../../node/server/port/pulse.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A socket of which the test plays the other end. */
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
const watched = (pulse: ReturnType<typeof createPulse>, socket: EventEmitter) => pulse.watch(socket as unknown as WebSocket)

test('pulse: a socket that answers nothing is ended one to two intervals after its last sign', () => {
  const pulse = createPulse({ pingIntervalMs: 100 })
  const socket = createSocket()
  watched(pulse, socket)
  pass(100)
  expect([socket.pings, socket.ended]).toEqual([1, false])
  pass(100)
  expect(socket.ended).toBe(true)
  expect(pulse.size).toBe(0)
})

test('pulse: pongs keep a socket, and so does whatever it says', () => {
  const pulse = createPulse({ pingIntervalMs: 100 })
  const [answering, talking] = [createSocket({ answers: true }), createSocket()]
  watched(pulse, answering)
  watched(pulse, talking)
  for (let i = 0; i < 10; i++) {
    pass(100)
    talking.emit('message')
  }
  expect([answering.ended, talking.ended]).toEqual([false, false])
  expect(answering.pings).toBe(10)
})

test('pulse: pings nobody, and keeps no timer, when there is nobody', () => {
  const pulse = createPulse({ pingIntervalMs: 100 })
  expect(vi.getTimerCount()).toBe(0)
  const socket = createSocket({ answers: true })
  watched(pulse, socket)
  expect(vi.getTimerCount()).toBe(1)
  socket.emit('close')
  expect(vi.getTimerCount()).toBe(0)
  watched(pulse, createSocket())
  expect(vi.getTimerCount()).toBe(1)
})

test('pulse: a pong that comes after the close revives nothing', () => {
  const pulse = createPulse({ pingIntervalMs: 100 })
  const socket = createSocket()
  watched(pulse, socket)
  socket.emit('close')
  socket.emit('pong')
  expect(pulse.size).toBe(0)
})

test('pulse: a process that was busy for long reads the answers before it judges who gave none', async () => {
  vi.useRealTimers()
  const pingIntervalMs = 50
  const pulse = createPulse({ pingIntervalMs })
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
  pulse.watch(socket)
  await once(client, 'ping')
  // The client has answered; before that is read, this process does nothing else for two intervals.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pingIntervalMs * 2)
  const pinged = once(client, 'ping').then(() => 'pinged again')
  expect(await Promise.race([ended, pinged])).toBe('pinged again')
})
