import { multiaddr } from '@multiformats/multiaddr'
import { WebSockets, WebSocketsSecure } from '@multiformats/multiaddr-matcher'
import { expect, test } from 'vitest'
import {
  hostOfMultiaddr,
  multiaddrOfUrl,
  originOfAddress,
  originOfMultiaddr,
  parseMultiaddr,
  peerIdIn,
  withPeerId,
} from '../../node/network/addresses.ts'

const PEER = '12D3KooWBXu3uGPMkjjxViK6autSnFH5QaKJgTwW8CaSxYSD6yYL'
const RELAY = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'

test.each([
  ['http://localhost:4000', '/dns/localhost/tcp/4000/ws'],
  ['http://pages.example', '/dns/pages.example/tcp/80/ws'],
  ['https://pages.example', '/dns/pages.example/tcp/443/tls/ws'],
  ['https://pages.example:8443/some/path?x#y', '/dns/pages.example/tcp/8443/tls/ws'],
  ['http://127.0.0.1:4000', '/ip4/127.0.0.1/tcp/4000/ws'],
  ['http://192.0.2.1:4000', '/ip4/192.0.2.1/tcp/4000/ws'],
  ['http://[::1]:4000', '/ip6/::1/tcp/4000/ws'],
  ['https://[2001:db8::7]', '/ip6/2001:db8::7/tcp/443/tls/ws'],
])('addresses: the overlay of %s is at %s, and the gateway back at its origin', (url, expected) => {
  const address = multiaddrOfUrl(new URL(url))
  expect(address.toString()).toBe(expected)
  expect(multiaddr(expected).equals(address)).toBe(true)
  expect(WebSockets.matches(address) || WebSocketsSecure.matches(address)).toBe(true)
  expect(originOfMultiaddr(address)).toBe(new URL(url).origin)
})

test.each([
  ['http://localhost:4000', 'http://localhost:4000'],
  ['/ip4/127.0.0.1/tcp/4000/ws', 'http://127.0.0.1:4000'],
  [`/ip4/127.0.0.1/tcp/4000/ws/p2p/${PEER}`, 'http://127.0.0.1:4000'],
  ['/ip4/127.0.0.1/tcp/4000/ws/p2p/12D3KooWQ8mE', 'http://127.0.0.1:4000'],
  ['/ip6/::1/tcp/4000/ws', 'http://[::1]:4000'],
  ['/dns4/pages.example/tcp/443/wss', 'https://pages.example'],
  [`/dns/pages.example/tcp/443/tls/ws/p2p/${PEER}`, 'https://pages.example'],
  ['/dns/pages.example/tcp/8443/tls/sni/pages.example/ws', 'https://pages.example:8443'],
  ['/ip4/127.0.0.1/tcp/4000', undefined],
  ['/ip4/127.0.0.1/tcp/99999/ws', undefined],
  ['/dns/pages.example/udp/4000/quic-v1', undefined],
  ['/ip4/127.0.0.1/tcp/4000/ws/p2p-circuit', undefined],
  [`/ip4/127.0.0.1/tcp/4000/ws/p2p/${PEER}/p2p-circuit/webrtc`, undefined],
  ['no address', undefined],
])('addresses: the gateway at %s is %s', (address, origin) => {
  expect(originOfAddress(address)).toBe(origin)
})

test('addresses: a multiaddr that cannot be read is none', () => {
  expect(parseMultiaddr('/ip4/300.0.0.1/tcp/1')).toBeUndefined()
  expect(parseMultiaddr(Uint8Array.of(1, 2, 3))).toBeUndefined()
  expect(parseMultiaddr(multiaddr('/ip4/192.0.2.1/tcp/1').bytes)?.toString()).toBe('/ip4/192.0.2.1/tcp/1')
})

test('addresses: the peer at an address is the last of its peer ids, and is added where there is none', () => {
  const bare = multiaddr('/ip4/192.0.2.1/tcp/4000/ws')
  expect(peerIdIn(bare)).toBeUndefined()
  expect(peerIdIn(withPeerId(bare, PEER))).toBe(PEER)
  const relayed = multiaddr(`/ip4/192.0.2.1/tcp/4000/ws/p2p/${RELAY}/p2p-circuit/p2p/${PEER}`)
  expect(peerIdIn(relayed)).toBe(PEER)
  expect(withPeerId(relayed, RELAY)).toBe(relayed)
})

test('addresses: the host is what stands in front', () => {
  expect(hostOfMultiaddr(multiaddr('/ip6/2001:db8::1/tcp/1/ws'))).toBe('2001:db8::1')
  expect(hostOfMultiaddr(multiaddr('/dns4/pages.example/tcp/1/ws'))).toBe('pages.example')
  expect(hostOfMultiaddr(multiaddr(`/p2p/${PEER}`))).toBeUndefined()
})
