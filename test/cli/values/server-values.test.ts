import type { NetworkInterfaceInfo } from 'node:os'
import { expect, test } from 'vitest'
import { parseJoinAddress, parsePageOrigin, plainOriginOf, urlOf, urlsForOthers } from '../../../node/cli/values/server-values.ts'

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
  ['HTTPS://App.Example:443/', 'https://app.example'],
  ['http://localhost:5173', 'http://localhost:5173'],
  ['null', 'null'],
  ['*', '*'],
  ['moz-extension://6f8b-1', 'moz-extension://6f8b-1'],
])('origin of pages: %s is taken as %s', (text, origin) => {
  expect(parsePageOrigin(text)).toBe(origin)
})

test.each(['', 'app.example', 'ws://app.example', 'https://app.example/page', 'https://me@app.example', 'https://*.app.example', '**'])(
  'origin of pages: refuses %j',
  (text) => {
    expect(() => parsePageOrigin(text)).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }))
  },
)

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
  ['https://pages.example', 'https://pages.example'],
  ['/ip4/192.0.2.1/tcp/4000/ws', 'http://192.0.2.1:4000'],
  ['/ip4/192.0.2.1/tcp/4000/ws/p2p/12D3KooW', 'http://192.0.2.1:4000'],
  ['/ip6/2001:db8::1/tcp/80/ws', 'http://[2001:db8::1]'],
  ['/dns4/pages.example/tcp/443/tls/ws', 'https://pages.example'],
  ['/dns/pages.example/tcp/8443/wss/p2p/12D3KooW', 'https://pages.example:8443'],
  ['/ip4/192.0.2.1/tcp/4000/ws/p2p/12D3KooW/p2p-circuit/webrtc/p2p/12D3KooX', undefined],
  ['/ip4/192.0.2.1/tcp/4000', undefined],
  ['/ip4/192.0.2.1/tcp/99999/ws', undefined],
  ['/ip4/a@b/tcp/80/ws', undefined],
])('origin at an address to join: of %s it is %s', (address, origin) => {
  expect(plainOriginOf(address)).toBe(origin)
})

test('urls for others: those of all networks, own containers last; none for a gateway that listens at one address', () => {
  const ip4 = (address: string, internal = false) => ({ address, internal, family: 'IPv4' }) as NetworkInterfaceInfo
  const ip6 = (address: string, scopeid = 0) => ({ address, internal: false, family: 'IPv6', scopeid }) as NetworkInterfaceInfo
  const interfaces = {
    lo: [ip4('127.0.0.1', true)],
    docker0: [ip4('172.17.0.1')],
    eth0: [ip6('2001:db8::5'), ip6('fe80::1', 2), ip4('192.0.2.5')],
  }
  expect(urlsForOthers('0.0.0.0', 4000, interfaces)).toEqual(['http://192.0.2.5:4000', 'http://172.17.0.1:4000'])
  expect(urlsForOthers('::', 1, interfaces)).toEqual(['http://192.0.2.5:1', 'http://[2001:db8::5]:1', 'http://172.17.0.1:1'])
  for (const host of ['127.0.0.1', 'localhost', '192.0.2.5']) expect(urlsForOthers(host, 4000, interfaces)).toEqual([])
})
