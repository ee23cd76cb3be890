import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { type ClientConnectionsOptions, createClientConnections } from '../../node/network/client-connections.ts'

function createPort(options: ClientConnectionsOptions = {}) {
  const connections = createClientConnections(options)
  const socketOf = (remoteAddress: string) => Object.assign(new EventEmitter(), { remoteAddress })
  const requestOn = (socket: ReturnType<typeof socketOf>, forwarded?: string) => ({
    socket,
    headers: { ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }) },
  })
  return { connections, socketOf, requestOn }
}

test('client connections: HTTP and websockets of one client share one count, and a closed one makes room', () => {
  const { connections, socketOf, requestOn } = createPort({ maxPerClient: 3 })
  const sockets = Array.from({ length: 4 }, () => socketOf('203.0.113.7'))
  expect(sockets.map((socket) => connections.accept(socket))).toEqual([undefined, undefined, undefined, 3])
  expect(sockets.slice(0, 2).map((socket) => connections.upgrade(requestOn(socket))?.ip)).toEqual(['203.0.113.7', '203.0.113.7'])
  expect(connections.accept(socketOf('203.0.113.7'))).toBe(3)
  expect(connections.accept(socketOf('203.0.113.8'))).toBeUndefined()
  sockets[0]?.emit('close')
  expect(connections.accept(socketOf('203.0.113.7'))).toBeUndefined()
})

test('client connections: so many of them may be plain HTTP; a websocket is none any more', () => {
  const { connections, socketOf, requestOn } = createPort({ maxHttpPerClient: 1 })
  const socket = socketOf('203.0.113.7')
  expect([connections.accept(socket), connections.accept(socketOf('203.0.113.7'))]).toEqual([undefined, 1])
  connections.upgrade(requestOn(socket))
  expect(connections.accept(socketOf('203.0.113.7'))).toBeUndefined()
})

test('client connections: the addresses of one IPv6 network are one client', () => {
  const { connections, socketOf } = createPort({ maxPerClient: 1 })
  expect(['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1'].map((ip) => connections.accept(socketOf(ip)))).toEqual([undefined, 1, undefined])
})

test('client connections: HTTP of this machine is not counted, its websockets are', () => {
  const { connections, socketOf, requestOn } = createPort({ maxPerClient: 1 })
  const sockets = [socketOf('127.0.0.1'), socketOf('127.0.0.1')]
  expect(sockets.map((socket) => connections.accept(socket))).toEqual([undefined, undefined])
  expect(sockets.map((socket) => connections.upgrade(requestOn(socket))?.ip)).toEqual(['127.0.0.1', undefined])
})

test('client connections: websockets through a trusted proxy count for the client that it names', () => {
  const { connections, socketOf, requestOn } = createPort({ maxPerClient: 1, trustProxy: true })
  const upgrade = (forwarded: string) => connections.upgrade(requestOn(socketOf('127.0.0.1'), forwarded))?.ip
  expect(['203.0.113.7:4711', '203.0.113.7:4712', '203.0.113.8'].map(upgrade)).toEqual(['203.0.113.7', undefined, '203.0.113.8'])
  // The same client without the proxy.
  expect(connections.accept(socketOf('::ffff:203.0.113.7'))).toBe(1)
})

test('client connections: X-Forwarded-For is believed from a trusted proxy on this machine alone', () => {
  for (const [trustProxy, remote, expected] of [
    [true, '127.0.0.1', '192.0.2.7'],
    [true, '203.0.113.7', '203.0.113.7'],
    [false, '127.0.0.1', '127.0.0.1'],
  ] as const) {
    const { connections, socketOf, requestOn } = createPort({ trustProxy })
    expect(connections.clientOf(requestOn(socketOf(remote), '198.51.100.1, 192.0.2.7')).ip).toBe(expected)
  }
})

test('client connections: a client that the proxy cannot name is not this machine', () => {
  const { connections, socketOf, requestOn } = createPort({ trustProxy: true })
  expect(connections.clientOf(requestOn(socketOf('127.0.0.1'), 'unknown'))).toMatchObject({ ip: '127.0.0.1', isLocal: false })
})
