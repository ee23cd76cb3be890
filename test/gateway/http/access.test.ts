import { expect, test } from 'vitest'
import { type AccessOptions, createAccess, describeOwner } from '../../../gateway/http/access.ts'
import { ProblemError } from '../../../gateway/http/problem.ts'
import type { Client } from '../../../gateway/types.ts'
import { clientAt } from '../../helpers/gateway.ts'

const HERE: Client = { address: clientAt('127.0.0.1'), localAddress: '127.0.0.1' }
const ELSEWHERE: Client = { address: clientAt('192.0.2.9'), localAddress: '192.0.2.1' }
const TOKEN = { authorization: 'Bearer secret' }
const PUBLIC = 'https://pages.example'

function attempt(headers: Record<string, string>, client: Client, options: AccessOptions = {}): number {
  try {
    createAccess(options).requireOwner({ request: { headers: new Headers(headers) }, client })
    return 200
  } catch (error) {
    if (error instanceof ProblemError) return error.problem.status
    throw error
  }
}

test.each([
  ['this machine by name', { host: 'localhost:4000' }, HERE, {}, 200],
  ['this machine by address', { host: '127.0.0.1:4000' }, HERE, {}, 200],
  ['this machine by IPv6', { host: '[::1]:4000' }, { address: clientAt('::1'), localAddress: '::1' }, {}, 200],
  ['this machine, IPv4 on an IPv6 socket', { host: '127.0.0.1' }, { address: clientAt('::ffff:127.0.0.1') }, {}, 200],
  [
    'an address of 127/8 that the socket is bound to',
    { host: '127.0.0.5' },
    { address: clientAt('127.0.0.5'), localAddress: '127.0.0.5' },
    {},
    200,
  ],
  ['the app itself', { host: 'localhost:4000', origin: 'http://localhost:4000', 'sec-fetch-site': 'same-origin' }, HERE, {}, 200],
  ['an unknown client', { host: 'localhost:4000' }, {}, {}, 403],
  ['another machine', { host: '192.0.2.1:4000' }, ELSEWHERE, {}, 403],
  ['another machine, when a token is set', { host: '192.0.2.1:4000' }, ELSEWHERE, { token: 'secret' }, 401],
  ['another machine with the token', { host: '192.0.2.1:4000', ...TOKEN }, ELSEWHERE, { token: 'secret' }, 200],
  ['another machine with a token where none is set', { host: '192.0.2.1', ...TOKEN }, ELSEWHERE, {}, 401],
  ['a wrong token', { host: '192.0.2.1', authorization: 'Bearer secre' }, ELSEWHERE, { token: 'secret' }, 401],
  ['a wrong token on this machine', { host: 'localhost', authorization: 'Bearer no' }, HERE, { token: 'secret' }, 401],
  ['an empty token', { host: '192.0.2.1', authorization: 'Bearer ' }, ELSEWHERE, { token: 'secret' }, 401],
  ['another scheme', { host: '192.0.2.1', authorization: 'Basic secret' }, ELSEWHERE, { token: 'secret' }, 401],
  ['a rebound name', { host: 'evil.example:4000' }, HERE, {}, 403],
  ['a rebound name with its own origin', { host: 'evil.example', origin: 'http://evil.example' }, HERE, {}, 403],
  ['a rebound name with the token', { host: 'evil.example', ...TOKEN }, HERE, { token: 'secret' }, 403],
  ['a name that only begins right', { host: 'localhost.evil.example' }, HERE, {}, 403],
  ['a name that only ends right', { host: 'evil.localhost' }, HERE, {}, 403],
  ['a rooted name', { host: 'localhost.' }, HERE, {}, 403],
  ['user and host', { host: 'localhost@evil.example' }, HERE, {}, 403],
  ['no Host', {}, HERE, {}, 403],
  ['any address', { host: '0.0.0.0:4000' }, HERE, {}, 403],
  ['a sandboxed page', { host: 'localhost:4000', origin: 'null' }, HERE, {}, 403],
  ['a sandboxed page with the token', { host: 'localhost:4000', origin: 'null', ...TOKEN }, HERE, { token: 'secret' }, 403],
  ['a page of the web', { host: 'localhost:4000', origin: 'https://evil.example' }, HERE, {}, 403],
  ['a page of another port here', { host: 'localhost:4000', origin: 'http://localhost:5000' }, HERE, {}, 403],
  ['a page of another name of this machine', { host: 'localhost:4000', origin: 'http://127.0.0.1:4000' }, HERE, {}, 403],
  ['a simple request across sites', { host: 'localhost:4000', 'sec-fetch-site': 'cross-site' }, HERE, {}, 403],
  ['a request of a sister site', { host: 'localhost:4000', 'sec-fetch-site': 'same-site' }, HERE, {}, 403],
  ['a proxy on this machine', { host: 'localhost', 'x-forwarded-for': '192.0.2.9' }, HERE, {}, 403],
  ['a proxy with Forwarded', { host: 'localhost', forwarded: 'for=192.0.2.9' }, HERE, {}, 403],
  ['HAProxy with a public name', { host: 'pages.example' }, HERE, {}, 403],
  ['Caddy', { host: 'localhost', 'x-forwarded-host': 'localhost', 'x-forwarded-proto': 'http' }, HERE, {}, 403],
  ['Apache httpd', { host: '127.0.0.1:4000', 'x-forwarded-server': 'localhost' }, HERE, {}, 403],
  ['squid', { host: 'localhost', via: '1.1 vm (squid/5.7)' }, HERE, {}, 403],
  ['a proxy with X-Real-IP', { host: '127.0.0.1:4000', 'x-real-ip': '192.0.2.9' }, HERE, {}, 403],
  ['a bare proxy_pass', { host: '127.0.0.1:4000', connection: 'close' }, { ...HERE, httpVersion: '1.0' }, {}, 403],
  ['a bare proxy_pass, with a token set', { host: '127.0.0.1:4000' }, { ...HERE, httpVersion: '1.0' }, { token: 'secret' }, 401],
  ['a bare proxy_pass, with the token', { host: '127.0.0.1:4000', ...TOKEN }, { ...HERE, httpVersion: '1.0' }, { token: 'secret' }, 200],
  ['a proxy_pass as for websockets', { host: '127.0.0.1:4000', connection: 'upgrade' }, { ...HERE, httpVersion: '1.1' }, {}, 403],
  ['a proxy that drops the upgrade', { host: 'localhost', 'sec-websocket-key': 'AA==' }, HERE, {}, 403],
  [
    'a websocket of this machine',
    { host: 'localhost', connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'AA==' },
    HERE,
    {},
    200,
  ],
  ['a proxy without any sign, under its own account', { host: 'localhost' }, { ...HERE, owner: () => 33 }, {}, 403],
  ['a proxy under an account of systemd', { host: 'localhost' }, { ...HERE, owner: () => 65_534 }, {}, 403],
  ['a person of this machine', { host: 'localhost' }, { ...HERE, owner: () => 1_000 }, {}, 200],
  ['root', { host: 'localhost' }, { ...HERE, owner: () => 0 }, {}, 200],
  ['the node’s own account', { host: 'localhost' }, { ...HERE, owner: () => process.getuid?.() }, {}, 200],
  ['a trusted proxy that names nobody', { host: 'localhost' }, { ...HERE, isTrustedProxy: true }, {}, 403],
  [
    'a trusted proxy whose client sends the token',
    { host: 'localhost', ...TOKEN },
    { ...HERE, isTrustedProxy: true },
    { token: 'secret' },
    200,
  ],
  ['a program that closes its connection', { host: 'localhost', connection: 'close' }, { ...HERE, httpVersion: '1.1' }, {}, 200],
  ['a silent proxy, given away by the public URL', { host: '127.0.0.1:4000' }, HERE, { publicUrl: PUBLIC }, 403],
  ['the public name without a token', { host: 'pages.example' }, HERE, { publicUrl: PUBLIC }, 403],
  ['the public name with the token', { host: 'pages.example', ...TOKEN }, HERE, { publicUrl: PUBLIC, token: 'secret' }, 200],
  ['the public app with the token', { host: 'pages.example', origin: PUBLIC, ...TOKEN }, HERE, { publicUrl: PUBLIC, token: 'secret' }, 200],
  ['a public URL that is this machine', { host: 'localhost:4000' }, HERE, { publicUrl: 'http://localhost:4000' }, 200],
] as Array<[string, Record<string, string>, Client, AccessOptions, number]>)('requireOwner: %s', (_, headers, client, options, status) => {
  expect(attempt(headers, client, options)).toBe(status)
})

test.each([
  [{ host: 'localhost:4000' }, HERE, false],
  [{ host: 'localhost:4000', origin: 'http://localhost:4000' }, HERE, false],
  [{ host: 'localhost:4000', origin: 'null' }, HERE, true],
  [{ host: 'localhost:4000', origin: 'https://a.example' }, HERE, true],
  [{ host: 'evil.example:4000' }, HERE, true],
  [{ host: 'evil.example:4000', origin: 'http://evil.example:4000' }, HERE, true],
  [{ host: 'node7:4000' }, ELSEWHERE, false],
  [{ host: 'node7:4000', origin: 'http://node7:4000' }, ELSEWHERE, false],
  [{ host: 'node7:4000', origin: 'null' }, ELSEWHERE, true],
  // Behind a trusted proxy each name is the proxy's affair; a page of a rebound name that asks past it is not.
  [{ host: 'node7', 'x-forwarded-for': '192.0.2.9' }, { ...ELSEWHERE, isTrustedProxy: true }, false],
  [{ host: 'evil.example:4000' }, { ...HERE, isTrustedProxy: true }, true],
] as Array<[Record<string, string>, Client, boolean]>)('isForeignPage: %j from %j → %s', (headers, client, foreign) => {
  expect(createAccess({}).isForeignPage({ request: { headers: new Headers(headers) }, client })).toBe(foreign)
})

test.each([
  [{}, 'requests of this machine that show no sign of a proxy'],
  [{ token: 'secret' }, 'requests of this machine that show no sign of a proxy, and requests with the token'],
  [{ publicUrl: 'http://localhost:4000' }, 'requests of this machine that show no sign of a proxy'],
  [{ publicUrl: PUBLIC, token: 'secret' }, 'requests with the token'],
  [{ trustProxy: true, token: 'secret' }, 'requests with the token'],
  [{ trustProxy: true }, 'none (--token allows those that send it)'],
])('describeOwner: %j → %s', (options, words) => {
  expect(describeOwner(options)).toBe(words)
})
