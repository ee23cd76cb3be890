import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { ComponentLogger, Logger } from '@libp2p/interface'
import { expect, onTestFinished, test } from 'vitest'
import { createClientConnections } from '../../../node/index.ts'
import { createWebSocketListener, type ListenerOptions } from '../../../node/server/port/listener.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const noop = () => {}
const SILENT: ComponentLogger = {
  forComponent: (): Logger => Object.assign(noop, { enabled: false, error: noop, trace: noop, newScope: () => SILENT.forComponent('') }),
}

/** The listener on a real http server, with an upgrade that proves its peer only when the test says so. */
async function startListener(options: ListenerOptions = {}, upgrade: () => Promise<void> = () => new Promise(() => {})) {
  const server = createServer((_request, response) => response.writeHead(404).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const listener = createWebSocketListener(server, options)
  const upgraded: string[] = []
  const transport = listener.transport({ logger: SILENT })
  const overlay = transport.createListener({
    upgrader: {
      async upgradeInbound(connection: { remoteAddr: { toString(): string } }, { signal }: { signal: AbortSignal }) {
        upgraded.push(connection.remoteAddr.toString())
        await Promise.race([upgrade(), new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))])
      },
    },
  } as unknown as Parameters<typeof transport.createListener>[0])
  await overlay.listen(overlay.getAddrs()[0] as Parameters<typeof overlay.listen>[0])
  onTestFinished(async () => {
    await overlay.close()
    server.closeAllConnections()
    server.close()
  })
  return { listener, overlay, upgraded, port: (server.address() as AddressInfo).port }
}

interface Client {
  socket: Socket
  /** Answer so far. */
  text: string
  closed: boolean
}

/** A bare client that asks for a websocket. With `allowHalfOpen` it keeps its end open, whatever the other does. */
function knock(port: number, { headers = '', allowHalfOpen = false } = {}): Client {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen })
  const client: Client = { socket, text: '', closed: false }
  socket.on('data', (data) => {
    client.text += data.toString('latin1')
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    client.closed = true
  })
  socket.write(
    `GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\n${headers}\r\n`,
  )
  onTestFinished(() => void socket.destroy())
  return client
}
const isUpgraded = ({ text }: Client) => text.startsWith('HTTP/1.1 101')

test('listener: a refused client gets an answer, and does not keep the socket', async () => {
  const { listener, port } = await startListener({ maxSockets: 0 })
  const client = knock(port, { allowHalfOpen: true })
  await waitFor(() => client.text.startsWith('HTTP/1.1 503'), 2_000, 'the refusal')
  // The client never ends its own half: the server must close it all the same, and notices when it writes.
  await waitFor(
    () => {
      client.socket.write('x')
      return client.closed
    },
    2_000,
    'the end of the socket',
  )
  expect(listener.refused.full).toBe(1)
})

test('listener: a page that may not join is told so in words, and costs no place', async () => {
  const findJoinFault = ({ headers }: IncomingMessage) => (headers.origin === undefined ? undefined : `Not you, ${headers.origin}.`)
  const { listener, port } = await startListener({ findJoinFault })
  const page = knock(port, { headers: 'Origin: https://app.example\r\n', allowHalfOpen: true })
  await waitFor(() => page.text.includes('Not you, https://app.example.'), 2_000, 'the refusal')
  expect(page.text).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/)
  const program = knock(port)
  await waitFor(() => isUpgraded(program), 2_000, 'the program is let in')
  expect([listener.sockets, listener.refused.origin]).toEqual([1, 1])
})

test('listener: refused clients that reset the connection do not end the process', async () => {
  const { listener, port } = await startListener({ maxSockets: 0 })
  for (let i = 0; i < 50; i++) {
    const { socket } = knock(port)
    socket.once('connect', () => setImmediate(() => socket.resetAndDestroy()))
  }
  await waitFor(
    async () => {
      knock(port)
      return listener.refused.full >= 50
    },
    5_000,
    'all of them are turned away',
  )
  expect(listener.sockets).toBe(0)
})

test('listener: maxPerClient bounds the sockets of one client', async () => {
  const { listener, port } = await startListener({ connections: createClientConnections({ maxPerClient: 2 }) })
  const clients = [knock(port), knock(port)]
  await waitFor(() => clients.every(isUpgraded), 2_000, 'two are let in')
  const third = knock(port)
  await waitFor(() => third.text.startsWith('HTTP/1.1 503'), 2_000, 'the third is turned away')
  expect([listener.sockets, listener.refused['address-full']]).toEqual([2, 1])
  clients[0]?.socket.destroy()
  await waitFor(() => listener.sockets === 1, 2_000, 'one has left')
  const fourth = knock(port)
  await waitFor(() => isUpgraded(fourth), 2_000, 'the fourth is let in')
})

test('listener: maxPendingPerAddress: one more unproved socket evicts the oldest of them', async () => {
  const { listener, port } = await startListener({ maxPendingPerAddress: 2 })
  const clients: Client[] = []
  for (let i = 0; i < 3; i++) {
    const client = knock(port)
    await waitFor(() => isUpgraded(client), 2_000, `socket ${i}`)
    clients.push(client)
  }
  await waitFor(() => clients[0]?.closed === true, 2_000, 'the oldest is ended')
  expect(listener.refused['pending-evicted']).toBe(1)
  expect(clients.slice(1).some(({ closed }) => closed)).toBe(false)
})

test('listener: maxPendingPerAddress holds in a burst, for each of several addresses', async () => {
  const { listener, port } = await startListener({ maxPendingPerAddress: 4, connections: createClientConnections({ trustProxy: true }) })
  const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3']
  const clients = addresses.map((ip) => Array.from({ length: 30 }, () => knock(port, { headers: `X-Forwarded-For: ${ip}\r\n` })))
  await waitFor(() => clients.flat().every((client) => isUpgraded(client)), 5_000, 'all were let in')
  expect(listener.sockets).toBe(3 * 4)
  await waitFor(() => clients.every((own) => own.filter(({ closed }) => !closed).length === 4), 5_000, 'four of each are left')
  expect(listener.refused['pending-evicted']).toBe(3 * 26)
})

test('listener: a node full of unproved sockets takes an honest peer', async () => {
  let isHonest = false
  const { listener, port } = await startListener({ maxSockets: 20, connections: createClientConnections({ trustProxy: true }) }, () =>
    isHonest ? Promise.resolve() : new Promise(() => {}),
  )
  const strangers = Array.from({ length: 60 }, (_, i) => knock(port, { headers: `X-Forwarded-For: 192.0.2.${1 + (i % 30)}\r\n` }))
  await waitFor(() => strangers.every(isUpgraded), 5_000, 'the strangers are let in')
  expect(listener.sockets).toBe(20)
  isHonest = true
  const honest = knock(port, { headers: 'X-Forwarded-For: 198.51.100.7\r\n' })
  await waitFor(() => isUpgraded(honest), 5_000, 'the honest one')
  isHonest = false
  for (let i = 0; i < 60; i++) knock(port, { headers: `X-Forwarded-For: 203.0.113.${i}\r\n` })
  await waitFor(() => listener.refused['pending-evicted'] === 101, 5_000, 'strangers push each other out')
  expect([listener.sockets, honest.closed]).toEqual([20, false])
})

test('listener: at a node full of proved sockets a client with few takes the place of one with many, not the other way', async () => {
  const { listener, port } = await startListener(
    { maxSockets: 6, connections: createClientConnections({ trustProxy: true }) },
    async () => {},
  )
  const come = async (ip: string) => {
    const client = knock(port, { headers: `X-Forwarded-For: ${ip}\r\n` })
    await waitFor(() => client.text !== '', 5_000, 'an answer')
    return client
  }
  const many: Client[] = []
  for (let i = 0; i < 6; i++) many.push(await come('192.0.2.1'))
  const few = await come('198.51.100.7')
  expect(isUpgraded(few)).toBe(true)
  await waitFor(() => many.at(-1)?.closed === true, 5_000, 'the newest of the many is ended')
  expect(isUpgraded(await come('192.0.2.1'))).toBe(false)
  expect([listener.sockets, few.closed, listener.refused.evicted, listener.refused.full]).toEqual([6, false, 1, 1])
})

test('listener: a proved socket is not evicted by unproved ones', async () => {
  const proofs = [async () => {}, () => new Promise<void>(() => {})]
  const { port, listener } = await startListener({ maxPendingPerAddress: 1 }, () =>
    (proofs.shift() ?? (() => new Promise<void>(() => {})))(),
  )
  const honest = knock(port)
  await waitFor(() => isUpgraded(honest), 2_000, 'the honest one')
  for (let i = 0; i < 3; i++) {
    const stranger = knock(port)
    await waitFor(() => isUpgraded(stranger), 2_000, 'a stranger')
  }
  await waitFor(() => listener.refused['pending-evicted'] === 2, 2_000, 'strangers push each other out')
  expect(honest.closed).toBe(false)
})

test('listener: upgradeTimeoutMs is the deadline for proving a peer id', async () => {
  const { listener, port } = await startListener({ upgradeTimeoutMs: 50 })
  const client = knock(port)
  await waitFor(() => client.closed, 2_000, 'the end of the socket')
  expect(listener.refused['upgrade-failed']).toBe(1)
  expect(listener.sockets).toBe(0)
})

test('listener: pingIntervalMs: a client that answers no ping is ended', async () => {
  const { listener, port } = await startListener({ pingIntervalMs: 50 }, async () => {})
  const client = knock(port)
  await waitFor(() => isUpgraded(client), 2_000, 'it is let in')
  await waitFor(() => client.closed, 2_000, 'it is ended')
  expect(listener.sockets).toBe(0)
})

test.each([
  ['', '127.0.0.1', '127.0.0.1'],
  ['X-Forwarded-For: 192.0.2.1, 198.51.100.7\r\n', '127.0.0.1', '198.51.100.7'],
  ['X-Forwarded-For: 2001:db8::7\r\n', '127.0.0.1', '2001:db8::7'],
  ['X-Forwarded-For: unknown\r\n', '127.0.0.1', '127.0.0.1'],
  ['X-Forwarded-For: 192.0.2.1:50000\r\n', '127.0.0.1', '192.0.2.1'],
  ['X-Forwarded-For: [2001:db8::7]:50000\r\n', '127.0.0.1', '2001:db8::7'],
  ['X-Forwarded-For: \r\n', '127.0.0.1', '127.0.0.1'],
])('listener: trustProxy takes the client’s address from the proxy, where it is one: %j', async (header, plain, trusted) => {
  for (const [trustProxy, expected] of [
    [false, plain],
    [true, trusted],
  ] as const) {
    const { upgraded, port } = await startListener({ connections: createClientConnections({ trustProxy }) })
    knock(port, { headers: header })
    await waitFor(() => upgraded.length === 1, 2_000, 'the socket')
    expect(upgraded[0]?.split('/')[2]).toBe(expected)
  }
})

test('listener: closed, it ends its sockets and takes no more', async () => {
  const { overlay, listener, port } = await startListener()
  const client = knock(port)
  await waitFor(() => isUpgraded(client), 2_000, 'it is let in')
  await overlay.close()
  await overlay.close()
  await waitFor(() => client.closed && listener.sockets === 0, 2_000, 'its end')
  const late = knock(port)
  await waitFor(() => late.text !== '' || late.closed, 2_000, 'no websocket any more')
  expect(isUpgraded(late)).toBe(false)
})

test('listener: the request of an open socket is not kept', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  let request: WeakRef<IncomingMessage> | undefined
  const findJoinFault = (asked: IncomingMessage): undefined => {
    request = new WeakRef(asked)
  }
  const { listener, upgraded, port } = await startListener({ findJoinFault }, async () => {})
  knock(port)
  await waitFor(() => upgraded.length === 1, 5_000, 'the socket is open')
  await waitFor(
    () => {
      collect()
      return request?.deref() === undefined
    },
    5_000,
    'the request is collected',
  )
  expect(listener.sockets).toBe(1)
})
