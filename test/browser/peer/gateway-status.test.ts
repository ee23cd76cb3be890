import { expect, it } from 'vitest'
import { originForOthers } from '../../../browser/peer/gateway-status.ts'

it.each([
  ['http://localhost:4000', 'http://192.168.1.5:4000', 'http://192.168.1.5:4000'],
  ['http://127.0.0.1:4000', 'https://pages.example', 'https://pages.example'],
  ['http://[::1]:4000', 'http://192.168.1.5:4000', 'http://192.168.1.5:4000'],
  ['http://localhost:4000', undefined, 'http://localhost:4000'],
  ['http://192.168.1.7:4000', 'http://192.168.1.5:4000', 'http://192.168.1.7:4000'],
  ['http://localhost.example', 'https://pages.example', 'http://localhost.example'],
])('a link made at %s, of a gateway that others reach at %s, is at %s', (gateway, url, origin) => {
  expect(originForOthers(gateway, { ...(url !== undefined && { url }) })).toBe(origin)
})
