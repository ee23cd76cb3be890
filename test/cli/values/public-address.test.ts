import { expect, test } from 'vitest'
import { urlOf } from '../../../node/cli/values/public-address.ts'

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
