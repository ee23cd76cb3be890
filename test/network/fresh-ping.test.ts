import type { Connection, IdentifyResult } from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import { beforeAll, expect, test } from 'vitest'
import { createFreshPing } from '../../node/network/fresh-ping.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'

let peer: SeededPeer['peer']
beforeAll(async () => {
  peer = (await createSeededPeer(1)).peer
})

/** Pings over connections that are the test's, with a clock of its own. */
function createPinged() {
  const events = new TypedEventEmitter<{ 'peer:identify': CustomEvent<IdentifyResult> }>()
  const connections: Connection[] = []
  let timeMs = 0
  let pings = 0
  const ping = createFreshPing(
    {
      connectionManager: { getConnections: () => connections },
      events,
      ping: { ping: async () => ++pings },
    },
    () => timeMs,
  )
  return {
    ping: () => ping.ping(peer),
    count: () => pings,
    wait(ms: number) {
      timeMs += ms
    },
    open() {
      const connection = { status: 'open' } as Connection
      connections.push(connection)
      return connection
    },
    identify: (connection: Connection) => events.safeDispatchEvent('peer:identify', { detail: { connection } as IdentifyResult }),
  }
}

test('fresh ping: a peer that has just answered identify is not pinged, and is after a while', async () => {
  const { ping, count, wait, open, identify } = createPinged()
  identify(open())
  expect(await ping()).toBe(0)
  wait(4_999)
  expect(await ping()).toBe(0)
  expect(count()).toBe(0)
  wait(1)
  expect(await ping()).toBe(1)
})

test('fresh ping: a peer that has not answered, or whose connection has ended since, is pinged', async () => {
  const { ping, count, open, identify } = createPinged()
  const ended = open()
  await ping()
  identify(ended)
  Object.assign(ended, { status: 'closed' })
  open()
  await ping()
  expect(count()).toBe(2)
})
