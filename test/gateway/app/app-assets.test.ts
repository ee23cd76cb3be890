import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { createAppAnswers, createAppAssets } from '../../../gateway/app/app-assets.ts'
import { UNKNOWN_CLIENT } from '../../../node/index.ts'

const SCRIPT = 'console.log(1)\n'.repeat(200)

function build(): string {
  const directory = mkdtempSync(join(tmpdir(), 'assets-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  mkdirSync(join(directory, 'assets'))
  writeFileSync(join(directory, 'index.html'), '<!doctype html>')
  writeFileSync(join(directory, 'assets', 'home-1a.js'), SCRIPT)
  writeFileSync(join(directory, 'assets', 'frame-1a.html'), '<!doctype html>')
  writeFileSync(join(directory, 'assets', 'pdf-frame-1a.html'), '<!doctype html>')
  mkdirSync(join(directory, 'lib'))
  writeFileSync(join(directory, 'lib', 'mayfly.js'), SCRIPT)
  writeFileSync(join(directory, 'lib', 'content-1a.js'), '')
  return directory
}

function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response | null> {
  const request = new Request(`http://localhost${path}`, { headers, method })
  return createAppAssets(build()).answer(path, { request, client: { address: UNKNOWN_CLIENT }, path, query: new URLSearchParams() })
}

test('AppAssets: a file with its hash in its name never changes, pages are asked for again', async () => {
  const script = await get('/assets/home-1a.js')
  expect(script?.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  expect(script?.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  const page = await get('/index.html')
  expect(page?.headers.get('cache-control')).toBe('no-cache')
  expect(page?.headers.get('content-security-policy')).toContain("script-src 'self'")
  expect(page?.headers.get('x-frame-options')).toBe('DENY')
})

test('AppAssets: a page may have the script that stands in its document, and no other', async () => {
  const directory = build()
  writeFileSync(join(directory, 'receive.html'), '<!doctype html><script>first()</script>')
  const request = new Request('http://localhost/receive.html')
  const incoming = { request, client: { address: UNKNOWN_CLIENT }, path: '/receive.html', query: new URLSearchParams() }
  const policyOf = async (path: string) =>
    (await createAppAssets(directory).answer(path, incoming))?.headers.get('content-security-policy') ?? ''
  const digest = createHash('sha256').update('first()').digest('base64')
  expect(await policyOf('/receive.html')).toContain(`script-src 'self' 'sha256-${digest}';`)
  expect(await policyOf('/index.html')).toContain("script-src 'self';")
})

test('AppAssets: the library is for pages of every origin, and only its one name that stays is asked for again', async () => {
  for (const [path, cache] of [
    ['/lib/mayfly.js', 'no-cache'],
    ['/lib/content-1a.js', 'public, max-age=31536000, immutable'],
  ] as const) {
    const file = await get(path, { origin: 'https://app.example' })
    expect(Object.fromEntries(file?.headers ?? [])).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': cache,
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
    })
  }
  expect((await get('/assets/home-1a.js'))?.headers.get('cross-origin-resource-policy')).toBe('same-origin')
})

test('AppAssets: a frame of the app is sandboxed, and only the app may frame it', async () => {
  const frame = await get('/assets/frame-1a.html')
  expect(frame?.headers.get('content-security-policy')).toBe(
    "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'",
  )
  expect(frame?.headers.get('x-frame-options')).toBeNull()
})

test('AppAssets: the frame of a PDF has no sandbox, runs no script, and only the app may frame it', async () => {
  const frame = await get('/assets/pdf-frame-1a.html')
  expect(frame?.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; (?!.*(?:sandbox|script-src)).*frame-ancestors 'self'$/,
  )
})

test.each([
  ['br, gzip', 'br', brotliDecompressSync],
  ['gzip;q=0.5', 'gzip', gunzipSync],
  ['GZIP, br;q=0', 'gzip', gunzipSync],
  ['identity', null, (bytes: Buffer) => bytes],
  ['br;q=0.000', null, (bytes: Buffer) => bytes],
] as const)('AppAssets: Accept-Encoding %s gives %s', async (accepted, encoding, decode) => {
  const answer = await get('/assets/home-1a.js', { 'accept-encoding': accepted })
  expect(answer?.headers.get('content-encoding')).toBe(encoding)
  const body = Buffer.from((await answer?.arrayBuffer()) ?? new ArrayBuffer())
  expect(body.byteLength).toBe(Number(answer?.headers.get('content-length')))
  expect(decode(body).toString()).toBe(SCRIPT)
})

test('AppAssets: 304 for a tag that is known, whatever the encoding', async () => {
  const etag = (await get('/index.html'))?.headers.get('etag') ?? ''
  expect((await get('/index.html', { 'if-none-match': etag, 'accept-encoding': 'br' }))?.status).toBe(304)
})

test.each(['/assets/', '/assets', '/assets/../index.html', '/assets/none.js', '/etc/passwd', '/'])(
  'AppAssets: %s is no file',
  async (path) => {
    expect(await get(path)).toBeNull()
  },
)

test('AppAssets: without a build there is nothing, and that is no error', () => {
  for (const assets of [createAppAssets(), createAppAssets('/nowhere/at/all')]) expect(assets.text('/viewer.html')).toBeNull()
})

test("AppAnswers: the page of somebody's share is the document that names what it loads, or the app's own where there is none", async () => {
  const directory = build()
  const read = async (path: string, how: 'receive' | 'file') => {
    const answers = createAppAnswers(createAppAssets(directory))
    const request = new Request(`http://localhost${path}`)
    const answer = await answers[how]({ request, client: { address: UNKNOWN_CLIENT }, path, query: new URLSearchParams() })
    return answer.text()
  }
  expect([await read('/s/abc', 'receive'), await read('/app/s/abc', 'file')]).toEqual(['<!doctype html>', '<!doctype html>'])
  writeFileSync(join(directory, 'receive.html'), 'receive')
  expect([await read('/s/abc', 'receive'), await read('/app/s/abc', 'file')]).toEqual(['receive', 'receive'])
  expect([await read('/app/s', 'file'), await read('/app/d/abc', 'file')]).toEqual(['<!doctype html>', '<!doctype html>'])
})
