import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { httpOriginOf } from '../../../node/content/protocol/http-origin.ts'

const PEER = '12D3KooWBXu3uGPMkjjxViK6autSnFH5QaKJgTwW8CaSxYSD6yYL'

test.each([
  ['/ip4/192.0.2.1/tcp/4000/ws', 'http://192.0.2.1:4000'],
  [`/ip4/192.0.2.1/tcp/4000/ws/p2p/${PEER}`, 'http://192.0.2.1:4000'],
  ['/ip6/2001:db8::1/tcp/4000/ws', 'http://[2001:db8::1]:4000'],
  [`/dns4/pages.example/tcp/443/wss/p2p/${PEER}`, 'https://pages.example'],
  ['/dns/pages.example/tcp/443/tls/ws', 'https://pages.example'],
  ['/ip4/192.0.2.1/tcp/4001', undefined],
  [`/ip4/192.0.2.1/tcp/4000/ws/p2p/${PEER}/p2p-circuit`, undefined],
  [`/ip4/192.0.2.1/tcp/4000/ws/p2p/${PEER}/p2p-circuit/webrtc`, undefined],
])('http origin: who was dialled at %s is asked at %s', (address, origin) => {
  expect(httpOriginOf({ direction: 'outbound', remoteAddr: multiaddr(address) }, [])).toBe(origin)
})

test('http origin: who dialled this peer is asked where it says, at the host which it came from', () => {
  const inbound = { direction: 'inbound', remoteAddr: multiaddr('/ip4/192.0.2.1/tcp/51234/ws') } as const
  const own = `/ip4/192.0.2.1/tcp/4000/ws/p2p/${PEER}`
  expect(httpOriginOf(inbound, ['no address', '/ip4/127.0.0.1/tcp/4000/ws', own])).toBe('http://192.0.2.1:4000')
})

test('http origin: nobody is sent to a third party', () => {
  const inbound = { direction: 'inbound', remoteAddr: multiaddr('/ip4/192.0.2.1/tcp/51234/ws') } as const
  expect(httpOriginOf(inbound, ['/ip4/127.0.0.1/tcp/6379/ws', '/dns4/victim.example/tcp/80/ws'])).toBeUndefined()
  expect(httpOriginOf(inbound, [])).toBeUndefined()
})
