import { expect, test } from 'vitest'
import { addressGroup, isLoopback, normalizeAddress } from '../../../gateway/http/client-address.ts'

test.each([
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['::FFFF:127.0.0.1', true],
  ['10.0.0.1', false],
  ['128.0.0.1', false],
  ['::ffff:10.0.0.1', false],
  ['::', false],
  ['0.0.0.0', false],
  ['127.0.0.1.example', false],
  ['', false],
])('isLoopback: %s → %s', (address, loopback) => {
  expect(isLoopback(address)).toBe(loopback)
})

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::9', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('addressGroup: %s is %s', (address, group) => {
  expect(addressGroup(address)).toBe(group)
})

test('normalizeAddress: a zone and capitals go', () => {
  expect(normalizeAddress('FE80::A%eth0')).toBe('fe80::a')
})
