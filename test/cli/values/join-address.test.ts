import { expect, test } from 'vitest'
import { parseJoinAddress } from '../../../node/cli/values/join-address.ts'

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
