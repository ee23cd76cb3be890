import { expect, test } from 'vitest'
import { formatStatus } from '../../../node/cli/commands/status-command.ts'

const NOW = 3 * 3_600_000 + 60_000

const STATUS = {
  version: '1.2.3',
  id: 'a',
  addresses: ['/x', '/y'],
  joined: true,
  joinedThrough: ['http://b.example', '/ip4/192.0.2.1/tcp/1/ws'],
  startedAtMs: 0,
  clock: { state: 'right', aheadMs: 3, peers: 2 },
  counts: {
    connections: 7,
    servers: 4,
    held: 2,
    heldBytes: 2_048,
    tabs: 3,
    bytesServed: 1_048_576,
    bytesFetched: 0,
    bytesReceived: 10,
    bytesSent: 20,
    messages: 1,
    messagesRefused: 0,
    mail: 5,
  },
  library: { url: 'http://a.example/lib/mayfly.js', integrity: 'sha384-abc' },
  limits: { maxHeld: 9, http: { maxOpen: 5 } },
}

test('status: begins with what people ask, one fact per line, aligned; limits only when asked for', () => {
  const lines = formatStatus('http://a.example', STATUS, { now: NOW }).split('\n')
  expect(lines).toEqual([
    'gateway    http://a.example',
    'version    1.2.3',
    'up since   1970-01-01T00:00:00.000Z (3 h 1 min)',
    'joined     through http://b.example, /ip4/192.0.2.1/tcp/1/ws',
    'peers      7 connected, 4 nodes known',
    'held       2 contents of its own, 2.0 KiB (mayfly ls lists them)',
    'tabs       3, which hold through it',
    'content    1.0 MiB given, 0 bytes taken',
    'traffic    10 bytes in, 20 bytes out, over its port',
    'messages   1 passed on, 0 refused, 5 waiting',
    'library    http://a.example/lib/mayfly.js (for pages of other origins)',
    'integrity  sha384-abc',
    'id         a',
    'addresses  /x',
    '           /y',
  ])
  const all = formatStatus('http://a.example', STATUS, { now: NOW, withLimits: true }).split('\n')
  expect(all.slice(-2)).toEqual(['limits.maxHeld       9', 'limits.http.maxOpen  5'])
})

test('status: says when a node has not joined, and when its clock is off', () => {
  const words = formatStatus(
    'http://a.example',
    { ...STATUS, joined: false, joinedThrough: [], clock: { state: 'wrong', aheadMs: 90_000 } },
    { now: 0 },
  )
  expect(words).toMatch(/^joined +no/m)
  expect(words).toMatch(/^clock +wrong: 90 s/m)
  expect(formatStatus('http://a.example', { joined: true, joinedThrough: [] }, { now: 0 })).toMatch(/^joined +yes/m)
})

test('status: a stranger’s answer is shown as text and nothing more', () => {
  const deep = JSON.parse(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`)
  expect(formatStatus('http://a.example', { limits: deep }, { now: 0, withLimits: true })).toMatch(/a\.a\.a +…$/)
  for (const odd of [null, [], 'x', 7, { a: 1 }])
    expect(
      formatStatus(
        'http://a.example',
        { startedAtMs: odd, counts: odd, clock: odd, joinedThrough: odd, library: odd, addresses: odd },
        { now: 0 },
      ),
    ).toContain('gateway')
  expect(formatStatus('http://a.example', { startedAtMs: 1e300, addresses: [{}] }, { now: 0 })).toContain('…')
})
