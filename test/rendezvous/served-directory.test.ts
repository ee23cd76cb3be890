import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { createServedDirectory } from '../../node/rendezvous/served-directory.ts'
import { createSeededPeer, createServerRecord, type SeededPeer } from '../helpers/seeded-peer.ts'

const ADDRESS = multiaddr('/ip4/192.0.2.7/tcp/4000/ws')

test('served directory: some of the connected servers are told, of many 32, and not always the same', async () => {
  const peers = await Promise.all(Array.from({ length: 40 }, (_, i) => createSeededPeer(i + 1)))
  const away = (peers[0] as SeededPeer).peer
  const served = (random: () => number) =>
    createServedDirectory({
      libp2p: { getMultiaddrs: () => [ADDRESS], getConnections: (peer) => (peer?.equals(away) ? [] : [{} as Connection]) },
      directory: { findAddresses: async () => [], rememberSigned() {} },
      supervisor: { knownServers: () => peers.map(({ peer }) => ({ peer, addresses: [ADDRESS] })) },
      records: undefined,
      random,
    })
      .servers()
      .map(({ peer }) => Buffer.from(peer).toString('hex'))
  const [first, other] = [served(() => 0), served(() => 0.99)]
  expect([first.length, new Set(first).size, other.length]).toEqual([32, 32, 32])
  expect(first).not.toEqual(other)
  expect([...first, ...other]).not.toContain(Buffer.from(away.toMultihash().bytes).toString('hex'))
})

test('served directory: homes are remembered as they have signed their addresses, up to the first that is no record', async () => {
  const [home, other] = await Promise.all([createSeededPeer(1), createSeededPeer(2)])
  const remembered: string[] = []
  const { openServerRecord } = await import('../../node/network/server-record.ts')
  const directory = createServedDirectory({
    libp2p: { getMultiaddrs: () => [], getConnections: () => [] },
    directory: { findAddresses: async () => [], rememberSigned: (peer, addresses) => void remembered.push(`${peer} ${addresses}`) },
    supervisor: { knownServers: () => [] },
    records: { greet: () => ({ records: [], end() {} }), openRecord: openServerRecord },
  })
  const record = await createServerRecord(home, [ADDRESS], 1)
  const forged = await createServerRecord(other, [ADDRESS], 1, home.privateKey)
  await expect(directory.takeHomes([record, forged])).rejects.toMatchObject({ code: 'ERR_BAD_FRAME' })
  expect(remembered).toEqual([`${home.id} ${ADDRESS}`])
})
