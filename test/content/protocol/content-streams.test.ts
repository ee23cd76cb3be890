import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { httpOriginOf } from '../../../node/content/protocol/content-streams.ts'

const PEER = '12D3KooWBXu3uGPMkjjxViK6autSnFH5QaKJgTwW8CaSxYSD6yYL'

test('http origin: a node that was dialled is asked where it was dialled', () => {
  const dialled = multiaddr(`/ip4/192.0.2.1/tcp/4000/ws/p2p/${PEER}`)
  expect(httpOriginOf({ direction: 'outbound', remoteAddr: dialled }, [])).toBe('http://192.0.2.1:4000')
  expect(httpOriginOf({ direction: 'outbound', remoteAddr: dialled.encapsulate('/p2p-circuit') }, [])).toBeUndefined()
})

test('http origin: a node that dialled this peer is asked at an address that it announces, at the host it came from', () => {
  const inbound = { direction: 'inbound', remoteAddr: multiaddr('/ip4/192.0.2.1/tcp/51234/ws') } as const
  const own = `/ip4/192.0.2.1/tcp/4000/ws/p2p/${PEER}`
  expect(httpOriginOf(inbound, ['no address', '/ip4/127.0.0.1/tcp/4000/ws', own])).toBe('http://192.0.2.1:4000')
})

test('http origin: no announced address leads to a third party', () => {
  const inbound = { direction: 'inbound', remoteAddr: multiaddr('/ip4/192.0.2.1/tcp/51234/ws') } as const
  expect(httpOriginOf(inbound, ['/ip4/127.0.0.1/tcp/6379/ws', '/dns4/victim.example/tcp/80/ws'])).toBeUndefined()
  expect(httpOriginOf(inbound, [])).toBeUndefined()
})
