import type { Connection } from '@libp2p/interface'
import { expect, test } from 'vitest'
import { createAddressBook } from '../../node/network/index.ts'
import type { RendezvousContext } from '../../node/rendezvous/context.ts'
import { createServerCompany } from '../../node/rendezvous/server-company.ts'
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
  const { isWanted } = createServerCompany(context, () => {})
  expect(isWanted(peer)).toBe(true)
  connection.status = 'closing'
  expect(isWanted(peer)).toBe(false)
  hasRoom = true
  expect(isWanted(peer)).toBe(true)
})
