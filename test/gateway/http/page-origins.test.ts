import { describe, expect, test } from 'vitest'
import { type AccessOptions, createAccess } from '../../../gateway/http/access.ts'
import { findRefusedOrigin } from '../../../gateway/http/page-origins.ts'
import type { Client } from '../../../gateway/types.ts'
import { clientAt } from '../../helpers/gateway.ts'

const HERE: Client = { address: clientAt('127.0.0.1'), localAddress: '127.0.0.1' }
const IN_THE_HOUSE: Client = { address: clientAt('192.168.1.9'), localAddress: '192.168.1.5' }
const FAR: Client = { address: clientAt('9.9.9.9'), localAddress: '8.8.8.8' }
const LOCAL = { host: 'localhost:4000' }
const WEB = 'https://app.example'

function refusedOrigin(headers: Record<string, string>, client: Client, options: AccessOptions): string | undefined {
  return findRefusedOrigin({ request: { headers: new Headers(headers) }, client }, createAccess(options), options)
}

describe('without --allow-origin', () => {
  test.each([
    ['a program', LOCAL, HERE, {}, true],
    ['the app', { ...LOCAL, origin: 'http://localhost:4000' }, HERE, {}, true],
    ['a page of the web, in a browser of this machine', { ...LOCAL, origin: WEB }, HERE, {}, false],
    ['a page of the web, in a browser of the private network', { host: '192.168.1.5:4000', origin: WEB }, IN_THE_HOUSE, {}, false],
    ['a page of the web at an address', { ...LOCAL, origin: 'http://9.9.9.9:8080' }, HERE, {}, false],
    ['a page of the web whose name was rebound', { host: 'evil.example:4000', origin: 'http://evil.example:4000' }, HERE, {}, false],
    ['a page without an origin, which any site can make', { ...LOCAL, origin: 'null' }, HERE, {}, false],
    ['a page of a name that only ends right', { ...LOCAL, origin: 'http://evil.example:80' }, HERE, {}, false],
    ['a page of another port here', { ...LOCAL, origin: 'http://localhost:5173' }, HERE, {}, true],
    ['a page of another name of this machine', { ...LOCAL, origin: 'http://app.localhost:81' }, HERE, {}, true],
    ['a page at an IPv6 address here', { ...LOCAL, origin: 'http://[::1]:5173' }, HERE, {}, true],
    ['a page of a machine in the house', { ...LOCAL, origin: 'http://192.168.1.7:4000' }, HERE, {}, true],
    ['a page of a name in the house', { ...LOCAL, origin: 'http://printer.local' }, HERE, {}, true],
    ['the app under a name in the house', { host: 'box:4000', origin: 'http://box:4000' }, IN_THE_HOUSE, {}, true],
    ['an extension', { ...LOCAL, origin: 'chrome-extension://abcdefghijklmnop' }, HERE, {}, true],
    ['a page of the web, at a node that the web reaches', { host: '8.8.8.8:4000', origin: WEB }, FAR, {}, true],
    [
      'a page of the web, at a node with a public URL',
      { host: 'pages.example', origin: WEB },
      HERE,
      { publicUrl: 'https://pages.example' },
      true,
    ],
    ['a page of the web through a proxy', { ...LOCAL, origin: WEB, 'x-forwarded-for': '9.9.9.9' }, HERE, {}, true],
    ['the app through a proxy without a public URL', { host: '127.0.0.1', origin: WEB, via: '1.1 proxy' }, HERE, {}, true],
    ['a page of the web, at a public URL of this machine', { ...LOCAL, origin: WEB }, HERE, { publicUrl: 'http://localhost:4000' }, false],
  ] as [string, Record<string, string>, Client, AccessOptions, boolean][])('%s: %#', (_, headers, client, options, isAllowed) => {
    expect(refusedOrigin(headers, client, options)).toBe(isAllowed ? undefined : headers.origin)
  })
})

describe('with --allow-origin', () => {
  const publicUrl = 'https://pages.example'
  test.each([
    ['a page of it', WEB, [WEB], true],
    ['a page of another', 'https://other.example', [WEB], false],
    ['its name over plain http', 'http://app.example', [WEB], false],
    ['a page here, which is not named', 'http://localhost:5173', [WEB], false],
    ['a page without an origin', 'null', [WEB], false],
    ['a page without an origin, where that is named', 'null', ['null'], true],
    ['any page, where all are', 'https://other.example', ['*'], true],
    ['the app', publicUrl, [WEB], true],
  ] as [string, string, string[], boolean][])('%s', (_, origin, allowedOrigins, isAllowed) => {
    for (const client of [HERE, FAR]) {
      expect(refusedOrigin({ host: 'pages.example', origin }, client, { publicUrl, allowedOrigins })).toBe(isAllowed ? undefined : origin)
    }
  })

  test('a program is no page', () => {
    expect(refusedOrigin({ host: 'pages.example' }, FAR, { publicUrl, allowedOrigins: [WEB] })).toBeUndefined()
  })
})
