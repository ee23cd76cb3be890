import { expect, test } from 'vitest'
import { originOfJoinAddress, parseJoinAddress } from '../../../node/cli/values/join-address.ts'

test.each([
  ['http://localhost:4000', 'http://localhost:4000'],
  ['http://localhost:4000/', 'http://localhost:4000'],
  ['HTTPS://Pages.Example:443', 'https://pages.example'],
  ['http://[::1]:4000', 'http://[::1]:4000'],
  ['/ip4/127.0.0.1/tcp/4000/ws', '/ip4/127.0.0.1/tcp/4000/ws'],
])('join address: %s is taken as %s', (text, address) => {
  expect(parseJoinAddress(text)).toBe(address)
})

test.each([
  '',
  'localhost:4000',
  'localhost',
  'ws://localhost:4000',
  'http://localhost:4000/status',
  'http://localhost:4000/?a',
  'http://localhost:4000/#a',
  'http://',
])('join address: refuses %j', (text) => {
  expect(() => parseJoinAddress(text)).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }))
})

test.each([
  ['http://localhost:4000', 'http://localhost:4000'],
  ['/ip4/127.0.0.1/tcp/4000/ws', 'http://127.0.0.1:4000'],
  ['/ip4/127.0.0.1/tcp/4000/ws/p2p/12D3KooWQ8mE', 'http://127.0.0.1:4000'],
  ['/ip6/::1/tcp/4000/ws', 'http://[::1]:4000'],
  ['/dns4/pages.example/tcp/443/wss', 'https://pages.example'],
  ['/dns/pages.example/tcp/443/tls/ws/p2p/12D3KooWQ8mE', 'https://pages.example'],
  ['/dns/pages.example/tcp/8443/tls/sni/pages.example/ws', 'https://pages.example:8443'],
  ['/ip4/127.0.0.1/tcp/4000', undefined],
  ['/ip4/127.0.0.1/tcp/99999/ws', undefined],
  ['/ip4/127.0.0.1/tcp/4000/ws/p2p-circuit', undefined],
])('join address: the gateway at %s is %s', (address, origin) => {
  expect(originOfJoinAddress(address)).toBe(origin)
})
