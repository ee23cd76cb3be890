import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { WebSocket } from 'ws'
import { createPulse } from '../../node/server/pulse.ts'

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
const watched = (pulse: ReturnType<typeof createPulse>, socket: EventEmitter) => pulse.watch(socket as unknown as WebSocket)

test('pulse: a socket that answers nothing is ended one to two intervals after its last sign', () => {
  const pulse = createPulse({ pingIntervalMs: 100 })
  const socket = createSocket()
  watched(pulse, socket)
  vi.advanceTimersByTime(100)
  expect([socket.pings, socket.ended]).toEqual([1, false])
  vi.advanceTimersByTime(100)
  expect(socket.ended).toBe(true)
  expect(pulse.size).toBe(0)
})

test('pulse: pongs keep a socket, and so does whatever it says', () => {
  const pulse = createPulse({ pingIntervalMs: 100 })
  const [answering, talking] = [createSocket({ answers: true }), createSocket()]
  watched(pulse, answering)
  watched(pulse, talking)
  for (let i = 0; i < 10; i++) {
    vi.advanceTimersByTime(100)
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
