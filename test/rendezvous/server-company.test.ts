import type { Connection } from '@libp2p/interface'
import { expect, test } from 'vitest'
import { createAddressBook } from '../../node/network/index.ts'
import type { RendezvousContext } from '../../node/rendezvous/context.ts'
import { RENDEZVOUS_DEFAULTS } from '../../node/rendezvous/options.ts'
import type { PresenceStream } from '../../node/rendezvous/presence-stream.ts'
import { createServerCompany, MAX_RECORDS_PER_STREAM } from '../../node/rendezvous/server-company.ts'
import { createSeededPeer } from '../helpers/seeded-peer.ts'

test('server company: a server whose connection is being closed, since its group has links enough, is not to be dialled again', async () => {
  const { peer } = await createSeededPeer(1)
  const connection = { status: 'open' } as Connection
  let hasRoom = false
  const context = {
    addresses: createAddressBook(),
    overlay: {
      libp2p: { peerId: peer, getConnections: () => [connection] },
      servers: { has: () => true },
      records: { groups: { isOfUse: () => hasRoom } },
    },
  } as unknown as RendezvousContext
  const { isWanted } = createServerCompany(context, () => {}, RENDEZVOUS_DEFAULTS)
  expect(isWanted(peer)).toBe(true)
  connection.status = 'closing'
  expect(isWanted(peer)).toBe(false)
  hasRoom = true
  expect(isWanted(peer)).toBe(true)
})

test('server company: a stream that tells of too many servers breaks the rules; its welcome and other streams count apart', async () => {
  const { peer } = await createSeededPeer(1)
  const context = {
    addresses: createAddressBook(),
    supervisor: { isToBeJoined: () => true },
    overlay: { libp2p: { peerId: peer }, servers: {}, records: { takeRecords: async () => {}, groups: { onGreeting() {} } } },
  } as unknown as RendezvousContext
  const { listener, takeRecords } = createServerCompany(context, () => {}, RENDEZVOUS_DEFAULTS)
  const [stream, another] = [{ peer }, { peer }] as [PresenceStream, PresenceStream]
  const records = (count: number) => Array<Uint8Array>(count).fill(Uint8Array.of(1))
  takeRecords(stream, records(32))
  listener.onServers(stream, records(MAX_RECORDS_PER_STREAM))
  expect(() => listener.onServers(stream, records(1))).toThrow(expect.objectContaining({ code: 'ERR_BAD_FRAME' }))
  listener.onServers(another, records(1))
})
