/** Nodes behind Debian's nginx, in the ways that it is set up by default and by its manual. */

import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runMayfly, spawnMayfly } from '../helpers/mayfly-process.ts'
import { startNginx } from '../helpers/nginx.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { runProgram } from '../helpers/program.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

/** As in nginx's manual, for websockets. */
const WITH_UPGRADE = 'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'
/** As in gateway/README.md. */
const AS_DOCUMENTED = `${WITH_UPGRADE} proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`
const RECEIVE = ['--receive', 'inbox', '--tap', '#bakery']

/** The statuses of what only the owner may do, and of what everybody may. */
async function attemptAll(url: string, headers: Record<string, string> = {}) {
  const status = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${url}${path}`, { ...init, headers: { ...headers, 'sec-fetch-site': 'none' } })
    await response.body?.cancel()
    return response.status
  }
  const hash = createHash('sha256').update('held').digest('hex')
  return {
    owner: [
      await status('/to/bakery/json?poll=1'),
      await status('/to/bakery/sse?poll=1'),
      await status('/inbox'),
      await status('/api/v1/content', { method: 'PUT', body: 'held' }),
      await status(`/api/v1/content/${hash}`, { method: 'DELETE' }),
    ],
    everybody: [await status('/'), await status('/api/v1/status'), await status('/healthz')],
  }
}

const ALLOWED = [200, 200, 200, 201, 204]
const OPEN = [200, 200, 200]

test('behind nginx nobody is the owner without the token, whatever its configuration leaves out', async () => {
  const node = await startNodeProcess({ args: RECEIVE })
  expect(await attemptAll(node.url)).toEqual({ owner: ALLOWED, everybody: OPEN })
  const ways = ['', WITH_UPGRADE, AS_DOCUMENTED, 'proxy_set_header X-Real-IP $remote_addr;']
  // Such a request is as the client sent it, byte for byte. Only where root starts nginx do its workers have an account of their own.
  if (process.getuid?.() === 0) ways.push('proxy_http_version 1.1; proxy_set_header Connection "";')
  for (const directives of ways) {
    const proxy = await startNginx(node.port, directives)
    expect([directives, await attemptAll(proxy)]).toEqual([directives, { owner: Array(5).fill(403), everybody: OPEN }])
  }
  const { owner } = await node.waitForLog((line) => 'owner' in line)
  expect(owner).toBe('requests of this machine that show no sign of a proxy')
})

test('with --trust-proxy a request that names no client is nobody’s, and the token opens', async () => {
  const node = await startNodeProcess({ args: [...RECEIVE, '--trust-proxy', '--token', 'secret'] })
  const bare = await startNginx(node.port, 'proxy_http_version 1.1; proxy_set_header Connection "";')
  const documented = await startNginx(node.port, AS_DOCUMENTED)
  for (const url of [node.url, bare, documented]) {
    expect(await attemptAll(url)).toEqual({ owner: Array(5).fill(401), everybody: OPEN })
    expect(await attemptAll(url, { authorization: 'Bearer secret' })).toEqual({ owner: ALLOWED, everybody: OPEN })
  }
  const { owner } = await node.waitForLog((line) => 'owner' in line)
  expect(owner).toBe('requests with the token')
})

test('a proxy that passes no websockets on is named by whoever would join through it, and one that does is joined through', async () => {
  const node = await startNodeProcess()
  const bare = await startNginx(node.port)
  const refusal = (address: string) => `Cannot join ${address}: no websocket opens there: a proxy in front of it has to pass websockets on`
  const multiaddr = `/ip4/127.0.0.1/tcp/${new URL(bare).port}/ws/p2p/${node.id}`
  const hash = createHash('sha256').update('text').digest('hex')
  const [held, got] = await Promise.all([
    runMayfly(['hold', '-', '--join', bare, '--timeout', '3s'], { stdin: 'text' }),
    runMayfly(['get', hash, '--join', multiaddr, '--timeout', '3s']),
  ])
  expect([held.code, held.stderr]).toEqual([4, expect.stringContaining(refusal(bare))])
  expect([got.code, got.stderr]).toEqual([4, expect.stringContaining(refusal(multiaddr))])
  const holder = spawnMayfly(['hold', '-', '--join', await startNginx(node.port, AS_DOCUMENTED)], { stdin: 'text' })
  await holder.stdout.waitFor(() => true)
  expect(await (await fetch(`${bare}/${hash}`)).text()).toBe('text')
})

test('through nginx a refused upload is the refusal, not a 502: fast or slow, buffered by nginx or passed on as it comes', async () => {
  const node = await startNodeProcess({ args: ['--trust-proxy'] })
  const file = join(await createTemporaryDirectory(), 'upload')
  await writeFile(file, Buffer.alloc(30_000_000))
  const upload = (url: string, path: string, method: string, rate: string) =>
    runProgram('curl', [
      ...['--silent', '--output', '-', '--write-out', ' %{http_code}', '--request', method, '--header', 'Expect:'],
      ...['--limit-rate', rate, '--data-binary', `@${file}`, `${url}${path}`],
    ])
  for (const directives of [AS_DOCUMENTED, `${AS_DOCUMENTED} proxy_request_buffering off;`]) {
    const proxy = await startNginx(node.port, directives)
    const answers = await Promise.all([
      upload(proxy, '/api/v1/content', 'PUT', '1G'),
      upload(proxy, '/healthz', 'POST', '1G'),
      upload(proxy, '/to/wall', 'POST', '1G'),
      upload(proxy, '/api/v1/content', 'PUT', '15M'),
      upload(proxy, '/to/wall', 'POST', '15M'),
    ])
    const told = answers.map(({ stdout }) => /"code":"(ERR_\w+)".* (\d+)$/s.exec(stdout.toString())?.slice(1).join(' '))
    expect([directives, told]).toEqual([
      directives,
      ['ERR_FORBIDDEN 403', 'ERR_METHOD 405', 'ERR_TOO_LARGE 413', 'ERR_FORBIDDEN 403', 'ERR_TOO_LARGE 413'],
    ])
  }
})
