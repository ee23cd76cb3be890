import { multiaddr } from '@multiformats/multiaddr'
import { WebRTC } from '@multiformats/multiaddr-matcher'
import { beforeAll, expect, test } from 'vitest'
import { directAddresses, relayOfAddress } from '../../node/network/direct-address.ts'
import { createSeededPeer } from '../helpers/seeded-peer.ts'

let tab: string
let home: string
let other: string
beforeAll(async () => {
  ;[tab, home, other] = (await Promise.all([1, 2, 3].map(createSeededPeer))).map(({ id }) => id) as [string, string, string]
})

const OPEN = { home: undefined, isSecurePage: false }
const SECURE = { home: undefined, isSecurePage: true }

test('direct-address: leads through a circuit of the holder’s home, whether or not its address has a peer id', () => {
  for (const address of ['/ip4/192.0.2.7/tcp/4000/ws', `/ip4/192.0.2.7/tcp/4000/ws/p2p/${home}`]) {
    const [only, ...more] = directAddresses({ peer: tab, home, addresses: [address] }, OPEN).map((text) => multiaddr(text))
    expect(only?.toString()).toBe(`/ip4/192.0.2.7/tcp/4000/ws/p2p/${home}/p2p-circuit/webrtc/p2p/${tab}`)
    expect(only && WebRTC.exactMatch(only)).toBe(true)
    expect(only && relayOfAddress(only)?.toString()).toBe(home)
    expect(more).toEqual([])
  }
})

test('direct-address: a shared home is connected already, wherever it says that it is', () => {
  const [only, ...more] = directAddresses({ peer: tab, home, addresses: ['/ip4/192.0.2.7/tcp/4000/ws'] }, { home, isSecurePage: true })
  expect(only).toBe(`/p2p/${home}/p2p-circuit/webrtc/p2p/${tab}`)
  expect(only && WebRTC.exactMatch(multiaddr(only))).toBe(true)
  expect(more).toEqual([])
  expect(directAddresses({ peer: tab, home, addresses: [] }, { home: other, isSecurePage: false })).toEqual([])
})

test('direct-address: a page from https reaches homes with a certificate alone', () => {
  const addresses = ['/ip4/192.0.2.7/tcp/4000/ws', '/dns/a.example/tcp/443/tls/ws', '/dns/b.example/tcp/443/wss']
  expect(directAddresses({ peer: tab, home, addresses }, SECURE)).toHaveLength(2)
  expect(directAddresses({ peer: tab, home, addresses }, OPEN)).toHaveLength(3)
})

test('direct-address: a node, an address that no tab can dial, and an invalid address give none', () => {
  expect(directAddresses({ peer: home, home, addresses: ['/ip4/192.0.2.7/tcp/4000/ws'] }, OPEN)).toEqual([])
  for (const address of ['/ip4/192.0.2.7/tcp/4000', '/ip4/192.0.2.7/udp/4000/quic-v1', 'nonsense', ''])
    expect(directAddresses({ peer: tab, home, addresses: [address] }, OPEN)).toEqual([])
})
