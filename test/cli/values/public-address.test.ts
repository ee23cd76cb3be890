import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { originOfJoinAddress } from '../../../node/cli/values/join-address.ts'
import { publicMultiaddr, urlOf } from '../../../node/cli/values/public-address.ts'

test.each([
  ['127.0.0.1', 'http://localhost:4000'],
  ['0.0.0.0', 'http://localhost:4000'],
  ['::', 'http://localhost:4000'],
  ['::1', 'http://localhost:4000'],
  ['localhost', 'http://localhost:4000'],
  ['192.0.2.1', 'http://192.0.2.1:4000'],
  ['2001:db8::1', 'http://[2001:db8::1]:4000'],
  ['pages.example', 'http://pages.example:4000'],
])('public address: a gateway that listens at %s is %s', (host, url) => {
  expect(urlOf(host, 4000)).toBe(url)
})

test.each([
  ['https://pages.example', '/dns/pages.example/tcp/443/tls/ws'],
  ['http://pages.example', '/dns/pages.example/tcp/80/ws'],
  ['https://pages.example:8443', '/dns/pages.example/tcp/8443/tls/ws'],
  ['http://192.0.2.1:4000', '/ip4/192.0.2.1/tcp/4000/ws'],
  ['http://[2001:db8::1]:4000', '/ip6/2001:db8::1/tcp/4000/ws'],
])('public address: the overlay at %s is %s, and back', (origin, address) => {
  expect(publicMultiaddr(origin)).toBe(address)
  expect(multiaddr(address).toString()).toBe(address)
  expect(originOfJoinAddress(address)).toBe(origin)
})
