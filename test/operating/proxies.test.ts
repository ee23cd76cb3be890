/** The proxies of Debian in front of a node, set up as OPERATING.md says: TLS, websockets, addresses, bodies, streams, and a reload. */

import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request as requestPlain } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createSite, PROXIES, type Site, write } from '../helpers/documented-proxies.ts'
import { spawnMayfly } from '../helpers/mayfly-process.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { runProgram } from '../helpers/program.ts'
import { waitFor } from '../helpers/wait-for.ts'

interface Asked {
  method?: string
  headers?: Record<string, string>
  body?: Buffer
  /** The client's own address. */
  from?: string
}

/** A request through the proxy. Resolves with the answer, or with its first bytes where it stays open. */
function ask({ port, certificate }: Site, path: string, { method = 'GET', headers = {}, body, from = '127.0.0.1' }: Asked = {}) {
  return new Promise<{ status: number; body: Buffer }>((resolve, reject) => {
    const options = { host: 'localhost', family: 4, port, path, method, headers, localAddress: from, agent: false as const }
    const outgoing = request({ ...options, ca: readFileSync(certificate) }, (incoming) => {
      const chunks: Buffer[] = []
      const finish = () => resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks) })
      incoming.on('error', reject)
      incoming.on('data', (chunk) => {
        chunks.push(chunk)
        if (incoming.headers['content-type']?.startsWith('text/event-stream')) finish()
      })
      incoming.on('end', finish)
    })
    onTestFinished(() => void outgoing.destroy())
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const TOKEN = { authorization: 'Bearer secret' }

async function setUp(name: keyof typeof PROXIES) {
  const site = await createSite()
  const node = await startNodeProcess({
    port: site.nodePort,
    args: [
      '--public-url',
      `https://localhost:${site.port}`,
      '--trust-proxy',
      '--token',
      'secret',
      '--log-level',
      'debug',
      '--receive',
      'inbox',
    ],
  })
  const proxy = await PROXIES[name](site)
  await waitFor(async () => (await ask(site, '/healthz').catch(() => undefined))?.status === 200, 20_000, 'the proxy passes on')
  return { site, node, proxy }
}

test.each(Object.keys(PROXIES) as (keyof typeof PROXIES)[])(
  '%s as on the page: TLS, clients’ addresses, the owner, bodies, streams',
  async (name) => {
    const { site, node } = await setUp(name)
    // The client cannot lie about its address: the last one counts, which is the proxy's word.
    await ask(site, '/api/v1/status', { from: '127.0.0.9', headers: { 'x-forwarded-for': '203.0.113.7' } })
    expect(await node.waitForLog((line) => line.path === '/api/v1/status')).toMatchObject({ address: '127.0.0.9' })
    const statuses = async (headers: Record<string, string>) =>
      Promise.all(['/inbox', '/metrics', '/to/x/json?poll=1'].map(async (path) => (await ask(site, path, { headers })).status))
    expect(await statuses({})).toEqual([401, 401, 401])
    expect(await statuses(TOKEN)).toEqual([200, 200, 404])
    const body = randomBytes(20_000_000)
    const hash = createHash('sha256').update(body).digest('hex')
    expect((await ask(site, '/api/v1/content', { method: 'PUT', headers: TOKEN, body })).status).toBe(201)
    expect((await ask(site, `/raw/${hash}`)).body.equals(body)).toBe(true)
    const file = await write(join(site.directory, 'large'), 'x'.repeat(70_000_000))
    const refused = await runProgram('curl', [
      ...['--silent', '--cacert', site.certificate, '--header', 'Authorization: Bearer secret', '--header', 'Expect:'],
      ...['--write-out', ' %{http_code}', '--upload-file', file, `https://localhost:${site.port}/api/v1/content`],
    ])
    expect(refused.stdout.toString()).toMatch(/"ERR_TOO_LARGE".* 413$/s)
    const stream = await ask(site, `/api/v1/holders/${hash}`, { headers: { accept: 'text/event-stream' } })
    expect(stream.body.toString()).toContain('"holders":1')
  },
)

/** The counts of holders that the node tells, past the proxy, at each change. */
function watchCounts(nodePort: number, hash: string): number[] {
  const counts: number[] = []
  const outgoing = requestPlain(
    { host: '127.0.0.1', port: nodePort, path: `/api/v1/holders/${hash}`, headers: { accept: 'text/event-stream' } },
    (incoming) => {
      incoming.setEncoding('utf8')
      incoming.on('error', () => {})
      incoming.on('data', (text: string) => counts.push(...Array.from(text.matchAll(/"holders":(\d+)/g), ([, count]) => Number(count))))
    },
  )
  outgoing.on('error', () => {})
  outgoing.end()
  onTestFinished(() => void outgoing.destroy())
  return counts
}

test.each([
  ['nginx', [1]],
  ['HAProxy', [1]],
  ['Caddy', [1, 0, 1]],
] as const)('a reload of %s: the counts of what a tab behind it holds are %j', async (name, expected) => {
  const { site, proxy } = await setUp(name)
  const text = `held over a reload of ${name}`
  const hash = createHash('sha256').update(text).digest('hex')
  const hold = spawnMayfly(['hold', '-', '--join', `https://localhost:${site.port}`], {
    stdin: text,
    env: { NODE_EXTRA_CA_CERTS: site.certificate },
  })
  expect(await hold.stdout.waitFor(() => true)).toBe(`https://localhost:${site.port}/${hash}`)
  const counts = watchCounts(site.nodePort, hash)
  await waitFor(() => counts.length === 1, 20_000, 'the first count')
  await proxy.reload()
  await waitFor(
    () => counts.length >= expected.length,
    30_000,
    () => `the tab is back: ${counts}`,
  )
  await waitFor(async () => (await ask(site, `/raw/${hash}`)).body.toString() === text, 20_000, 'it is read through the proxy')
  expect(counts).toEqual(expected)
})
