import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { truncate, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { createDropPuts, isDropPut } from '../../gateway/api/drop-puts.ts'
import { createAnswering } from '../../gateway/http/answering.ts'
import { createRateLimit } from '../../gateway/limits/rate-limit.ts'
import { createGatewayServer } from '../../gateway/server.ts'
import { GATEWAY_DEFAULTS, type Gateway, type GatewayEvent, type GatewayLimits } from '../../gateway/types.ts'
import { MayflyError, type Sharing } from '../../node/index.ts'
import type { DropTerms, Submission } from '../../node/sharing/types.ts'
import { createDropWorld } from '../helpers/drop-world.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const MIB = 1_048_576

interface Curled {
  status: number
  body: string
  /** Bytes of the file that left. */
  sent: number
}

/** Real curl puts a file. By itself it waits a second for leave to send, and then sends all the same: on a busy machine that is too short. */
function curl(file: string, url: string, ...more: string[]): Promise<Curled> {
  return new Promise((resolve, reject) => {
    const format = '\n%{http_code} %{size_upload}'
    execFile('curl', ['-sS', '-T', file, '--expect100-timeout', '60', '-w', format, ...more, url], (error, stdout) => {
      const lines = stdout.trimEnd().split('\n')
      const [status, sent] = (lines.pop() ?? '').split(' ').map(Number)
      if (status === undefined || sent === undefined || status === 0) reject(error ?? new Error('no answer'))
      else resolve({ status, sent, body: lines.join('\n') })
    })
  })
}

/** A drop box, and a gateway on a socket of its own that passes files on to it. */
async function openWorld(
  terms: Partial<DropTerms> = {},
  given: { limits?: Partial<GatewayLimits>; visitBox?: Sharing['visitBox'] | null } = {},
) {
  const world = createDropWorld()
  const owner = world.join('owner')
  const box = await owner.openBox({ title: 'For Bob', ...terms })
  const limits = { ...GATEWAY_DEFAULTS, ...given.limits }
  const closing = new AbortController()
  const events: GatewayEvent[] = []
  const visitBox = given.visitBox === null ? undefined : (given.visitBox ?? world.join('gateway').visitBox)
  const rate = createRateLimit({
    burst: 100,
    perSecond: 100,
    now: () => performance.now(),
    words: { does: 'searches', things: 'searches' },
  })
  const drops = createDropPuts({ visitBox, limits, rate, firstJoin: async () => {}, closing: closing.signal })
  const answering = createAnswering({
    answer: async (incoming, bindings) => (await drops.answer(incoming, bindings)) ?? new Response('elsewhere', { status: 404 }),
    openFeed: () => {
      throw new Error('no feed')
    },
    closing: closing.signal,
    onEvent: (event) => void events.push(event),
  })
  const gateway: Gateway = {
    ...{ ...answering, maxBodyBytes: 0, takesSocket: () => false, defersBody: isDropPut, drain() {} },
    close: () => closing.abort(),
  }
  const server = createGatewayServer()
  server.serve(gateway)
  const { port } = await server.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => server.stop())
  return { world, owner, box, drops, events, port, url: `http://127.0.0.1:${port}${box.putPath}` }
}

const stored: { path: string; bytes: Buffer; from: string; words: string }[] = []
async function store({ pushed, from, words }: Submission): Promise<void> {
  const chunks: Uint8Array[] = []
  for await (const chunk of pushed?.bytes ?? []) chunks.push(chunk)
  stored.push({ path: pushed?.path ?? '', bytes: Buffer.concat(chunks), from, words })
}

async function fileOf(size: number, name = 'a.bin'): Promise<string> {
  const path = join(await createTemporaryDirectory(), name)
  await writeFile(path, randomBytes(Math.min(size, MIB)))
  if (size > MIB) await truncate(path, size)
  return path
}

beforeEach(() => {
  stored.length = 0
})

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const messageOf = ({ body }: Curled): string => JSON.parse(body).error.message

test.each([0, 1, 100_000, 3 * MIB])('curl -T: %i bytes are answered with 201 and their hash once the box has stored them', async (size) => {
  const { box, url } = await openWorld()
  box.onSubmission(store)
  const answer = await curl(await fileOf(size), `${url}?from=Ann&words=For+you`)
  expect(answer.status).toBe(201)
  expect(stored).toHaveLength(1)
  const [{ path, bytes, from, words }] = stored as [(typeof stored)[number]]
  expect(JSON.parse(answer.body)).toEqual({ name: 'a.bin', size, sha256: sha256(bytes) })
  expect([path, bytes.byteLength, from, words]).toEqual(['a.bin', size, 'Ann', 'For you'])
})

test('curl -T: a stream whose size nobody knows, and a name in any script', async () => {
  const { box, url } = await openWorld()
  box.onSubmission(store)
  expect((await curl(await fileOf(5, 'Überraschung 100%.txt'), url)).status).toBe(201)
  expect((await curl(await fileOf(200_000), `${url}b/c.bin`, '-H', 'Transfer-Encoding: chunked')).status).toBe(201)
  expect(stored.map(({ path, bytes }) => [path, bytes.byteLength])).toEqual([
    ['Überraschung 100%.txt', 5],
    ['b/c.bin', 200_000],
  ])
})

/** The terms, what is sent, and the answer. Each is refused before a byte of a large file has left. */
test.each<[string, Partial<DropTerms>, string, number, string]>([
  ['a file over the limit', { maxFileBytes: 2 * MIB }, 'a.bin', 413, 'at most 2 MiB each; a.bin has 4 MiB'],
  ['more than the box takes', { maxBytes: MIB }, 'a.bin', 413, 'at most 1 MiB'],
  ['another type', { types: ['image/*', '.pdf'] }, 'a.exe', 415, 'pictures and .pdf only; a.exe'],
])('curl -T: %s is refused in words before its bytes travel', async (_, terms, name, status, words) => {
  const { box, url } = await openWorld(terms)
  box.onSubmission(store)
  const answer = await curl(await fileOf(4 * MIB, name), url)
  expect([answer.status, answer.sent]).toEqual([status, 0])
  expect(messageOf(answer)).toContain(words)
  expect(stored).toEqual([])
})

test('curl -T: a box that is closed is gone, one that nobody has open is away, and one that never was is not found', async () => {
  const { owner, box, url, port } = await openWorld()
  const file = await fileOf(4 * MIB)
  const statusOf = async (to: string) => {
    const { status, sent } = await curl(file, to)
    return [status, sent]
  }
  expect(await statusOf(`${url.slice(0, -3)}xx/`)).toEqual([404, 0])
  expect(await statusOf(`http://127.0.0.1:${port}/d/abc/def/`)).toEqual([404, 0])
  await box.close()
  expect(await statusOf(url)).toEqual([410, 0])
  owner.kill()
  expect(await statusOf(url)).toEqual([503, 0])
})

test('curl -T: a gateway whose node shares nothing says so', async () => {
  const { url } = await openWorld({}, { visitBox: null })
  const answer = await curl(await fileOf(10), url)
  expect(answer.status).toBe(404)
  expect(messageOf(answer)).toContain('passes nothing on')
})

test('curl -T: a stream that turns out too large, a full disk and an owner who says no are told in the middle', async () => {
  const { box, url } = await openWorld({ maxFileBytes: 100_000 })
  const end = box.onSubmission(store)
  const chunked = ['-H', 'Transfer-Encoding: chunked']
  expect((await curl(await fileOf(300_000), url, ...chunked)).status).toBe(413)
  end()
  const failures = [new MayflyError('ERR_NOT_STORED', 'The disk there is full'), new MayflyError('ERR_REFUSED', 'Not today')]
  box.onSubmission(async () => {
    throw failures.shift()
  })
  const full = await curl(await fileOf(50_000), url)
  expect([full.status, messageOf(full)]).toEqual([507, 'The disk there is full.'])
  const no = await curl(await fileOf(50_000), url)
  expect([no.status, messageOf(no)]).toEqual([403, 'Not today.'])
  expect(stored).toEqual([])
})

test('a client that goes away in the middle leaves nothing at the box, and nothing under way here', async () => {
  const { box, drops, port } = await openWorld()
  const failed = Promise.withResolvers<unknown>()
  box.onSubmission((submission) =>
    store(submission).catch((error: unknown) => {
      failed.resolve(error)
      throw error
    }),
  )
  const outgoing = request({ host: '127.0.0.1', port, path: `${box.putPath}a`, method: 'PUT', headers: { 'content-length': 100_000 } })
  outgoing.on('error', () => {})
  outgoing.write(randomBytes(50_000))
  await expect.poll(() => drops.size).toBe(1)
  setTimeout(() => outgoing.destroy(), 50)
  expect(await failed.promise).toMatchObject({ code: 'ERR_LEFT' })
  await expect.poll(() => drops.size).toBe(0)
  expect(stored).toEqual([])
})

test('files under way are bounded for each address', async () => {
  const { box, url } = await openWorld({}, { limits: { maxDropsPerAddress: 1 } })
  const decided = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  box.onSubmission(async (submission) => {
    asked.resolve()
    await decided.promise
    await store(submission)
  })
  const file = await fileOf(10)
  const first = curl(file, url)
  await asked.promise
  expect((await curl(file, url)).status).toBe(429)
  decided.resolve()
  expect((await first).status).toBe(201)
})

test('the secret of a box is not in the log of its gateway', async () => {
  const { box, url, events } = await openWorld()
  box.onSubmission(store)
  await curl(await fileOf(10), url)
  expect(events).toMatchObject([{ type: 'request', path: `/d/${box.id}/…` }])
})

/** Each is a request that a program of Debian 12 really made (curl 7.88.1, httpie 3.2.1). */
test.each<[string, string, RequestInit, number, string]>([
  ['curl -F', 'a.txt', { method: 'POST', body: new FormData() }, 405, 'curl --fail-with-body -T FILE'],
  ['http --form PUT', 'a.txt', { method: 'PUT', body: new FormData() }, 415, '-T FILE in the place of -F'],
  ['curl -T - without a name', '', { method: 'PUT', body: 'hello' }, 400, 'another name for the file at the end'],
  ['curl -T - for a folder', 'sub/', { method: 'PUT', body: 'hello' }, 400, 'another name for the file at the end'],
  ['curl -C 3', 'a.txt', { method: 'PUT', body: 'lo', headers: { 'content-range': 'bytes 3-4/5' } }, 400, 'Send all of it again'],
])('%s is refused with what to write instead, and nothing is stored', async (_, name, init, status, advice) => {
  const { box, url } = await openWorld()
  box.onSubmission(store)
  const answer = await fetch(url + name, init)
  const { error } = (await answer.json()) as { error: { advice: string } }
  expect([answer.status, error.advice]).toEqual([status, expect.stringContaining(advice)])
  expect(stored).toEqual([])
})

test('curl -C - names the range of the whole, which is stored', async () => {
  const { box, url } = await openWorld()
  box.onSubmission(store)
  expect((await curl(await fileOf(100_000), url, '-C', '-')).status).toBe(201)
  expect(stored.map(({ bytes }) => bytes.byteLength)).toEqual([100_000])
})

test('curl sends no fragment: a file for the link of people is refused with the address for programs, and no secret is logged', async () => {
  const { box, url, events } = await openWorld()
  const file = await fileOf(10)
  for (const address of [url.replace(/\/[^/]*\/$/, ''), url.replace(/\/([^/]*)\/$/, '#$1'), url.slice(0, -1)]) {
    const answer = await curl(file, address)
    expect([answer.status, JSON.parse(answer.body).error.advice]).toEqual([400, expect.stringContaining('/d/ID/SECRET/')])
  }
  expect(JSON.stringify(events)).not.toContain(box.putPath.split('/').at(-2))
})

test('a size that is written like its limit is said to be more', async () => {
  const { box, url } = await openWorld({ maxFileBytes: 20_000_000 })
  box.onSubmission(store)
  const answer = await curl(await fileOf(20_000_001), url)
  expect(messageOf(answer)).toBe('This box takes files of at most 19.1 MiB each; a.bin has more.')
})

test('GET says how a file is sent, and pages of other origins may send none', async () => {
  const { url } = await openWorld()
  const read = await fetch(`${url}a`)
  expect([read.status, read.headers.get('allow')]).toEqual([405, 'PUT, OPTIONS'])
  const preflight = await fetch(`${url}a`, { method: 'OPTIONS' })
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, null])
})
