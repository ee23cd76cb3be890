import { expect, test } from 'vitest'
import { parseClientAddress, parseForwardedFor } from '../../node/network/client-address.ts'

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
])('parseClientAddress: %s is this machine: %s', (text, isLocal) => {
  expect(parseClientAddress(text)?.isLocal).toBe(isLocal)
})

test.each([
  ['192.0.2.7', '192.0.2.7', '192.0.2.7'],
  ['203.0.113.7:4711', '203.0.113.7', '203.0.113.7'],
  ['::ffff:192.0.2.7', '192.0.2.7', '192.0.2.7'],
  ['[::ffff:192.0.2.7]:80', '192.0.2.7', '192.0.2.7'],
  ['::ffff:c000:207', '192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::9', '2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:0db8:0:0:0:0:0:9', '2001:db8::9', '2001:db8:0:0::/64'],
  ['[2001:db8::1]:80', '2001:db8::1', '2001:db8:0:0::/64'],
  ['[2001:db8::1]', '2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '::1', '0:0:0:0::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['FE80::A%eth0', 'fe80::a', 'fe80:0:0:0::/64'],
  ['[fe80::a%eth0]:80', 'fe80::a', 'fe80:0:0:0::/64'],
])('parseClientAddress: %s is %s of %s', (text, ip, group) => {
  expect(parseClientAddress(text)).toMatchObject({ ip, group })
})

test.each([
  '',
  'unknown',
  '127.0.0.1.example',
  '1.2.3',
  '1.2.3.256',
  '01.2.3.4',
  '1.2.3.4:',
  '1.2.3.4:port',
  '[1.2.3.4]x',
  ':',
  '1:2:3',
  '2001:db8::1::2',
  '[2001:db8::1]@evil',
  'fe80::1/64',
])('parseClientAddress: %j is no address', (text) => {
  expect(parseClientAddress(text)).toBeUndefined()
})

test('parseForwardedFor: the last entry is the proxy’s own', () => {
  expect(parseForwardedFor('198.51.100.1, ::ffff:192.0.2.7')?.ip).toBe('192.0.2.7')
  expect(parseForwardedFor('198.51.100.1,[2001:db8::5]:20000')?.ip).toBe('2001:db8::5')
  expect(parseForwardedFor('198.51.100.1, unknown')).toBeUndefined()
})
