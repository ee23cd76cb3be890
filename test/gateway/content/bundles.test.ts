/** Bundles through the gateway of a node that does not hold them: sites, lists, files by their names, archives. */

import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type BundleEntry, encodeBundle, encodeKeyHex } from '../../../node/index.ts'
import { ask, codeOf, startGateway, type TestGateway } from '../../helpers/gateway.ts'
import { generatedBytes } from '../../helpers/generated-content.ts'
import { type Network, type NodeTuple, startNetwork, type TestNode } from '../../helpers/network.ts'
import { readZip } from '../../helpers/zip-reader.ts'

const BROWSER = { accept: 'text/html,*/*;q=0.8', 'sec-fetch-dest': 'document' }
const PIECE = 262_144

let network: Network<NodeTuple<2>>
let holder: TestNode
let front: TestGateway

beforeAll(async () => {
  network = await startNetwork({ nodes: 2 })
  const [first, second] = network.nodes
  holder = first
  front = await startGateway(second.peer)
}, 30_000)

afterAll(async () => {
  await front.server.stop()
  await network.stop()
}, 30_000)

type Files = Record<string, string | Uint8Array>

async function hold(content: Uint8Array) {
  const held = await holder.peer.content.hold(content)
  onTestFinished(() => void holder.peer.content.release(held.key))
  return held
}

/** A bundle of the files, held with them until the test ends. */
async function holdBundle(files: Files, types: Record<string, string> = {}) {
  const entries: BundleEntry[] = []
  for (const [path, content] of Object.entries(files)) {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    const { key, outline, size } = await hold(bytes)
    entries.push({ path, size, type: types[path] ?? '', key, ...(outline && { outline }) })
  }
  const { key, outline } = await hold(encodeBundle(entries))
  return { hash: encodeKeyHex(key), entries, query: outline === undefined ? '' : `?o=${encodeKeyHex(outline)}` }
}

const get = (path: string, headers: Record<string, string> = {}) => ask(front.port, path, { headers })

test('a site works: its pages, its styles and its scripts, each with its type, in the sandbox', async () => {
  const { hash } = await holdBundle(
    {
      'index.html': '<!doctype html><link rel=stylesheet href=css/a.css><script src=a.js></script>',
      'css/a.css': 'body{color:red}',
      'a.js': 'console.log(1)',
      'page.html': 'only text',
      'data.json': '{}',
      'said.txt': '<p>not html</p>',
      'wild.bin': 'x',
    },
    { 'said.txt': 'text/plain', 'wild.bin': 'multipart/x-mixed-replace' },
  )
  const types: Record<string, string> = {
    '': 'text/html; charset=utf-8',
    'index.html': 'text/html; charset=utf-8',
    'css/a.css': 'text/css; charset=utf-8',
    'a.js': 'text/javascript; charset=utf-8',
    'page.html': 'text/html; charset=utf-8',
    'data.json': 'application/json',
    'said.txt': 'text/plain; charset=utf-8',
    'wild.bin': 'text/plain; charset=utf-8',
  }
  for (const [path, type] of Object.entries(types)) {
    const answer = await get(`/raw/${hash}/${path}`)
    expect([path, answer.status, answer.headers['content-type']]).toEqual([path, 200, type])
    expect(answer.headers['content-security-policy']).toMatch(/^sandbox (?!.*allow-same-origin)/)
    expect(answer.headers.etag).toBe(`"${createHash('sha256').update(answer.body).digest('hex')}"`)
  }
})

test('no file of a bundle is a script or a style of our own pages', async () => {
  const { hash } = await holdBundle({ 'a.js': '1', 'a.css': 'b{}', 'a.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>' })
  for (const [path, type] of [
    ['a.js', 'text/plain; charset=utf-8'],
    ['a.css', 'text/plain; charset=utf-8'],
    ['a.svg', 'image/svg+xml; charset=utf-8'],
  ]) {
    expect((await get(`/raw/${hash}/${path}`, { 'sec-fetch-site': 'same-origin' })).headers['content-type']).toBe(type)
  }
})

test.each([
  ['with spaces.txt', 'with%20spaces.txt'],
  ['🦟 é.txt', '%F0%9F%A6%9F%20%C3%A9.txt'],
  ['100%.txt', '100%25.txt'],
  ['a?b#c.txt', 'a%3Fb%23c.txt'],
  ["it's (1)!~*.txt", "it's%20(1)!~*.txt"],
  ['...', '...'],
  ['<b>"&.txt', '%3Cb%3E%22%26.txt'],
  ['ordner/ü/x', 'ordner/%C3%BC/x'],
  ['n'.repeat(255), 'n'.repeat(255)],
  ['a%2Fb', 'a%252Fb'],
  ['100%25/%2e%2e', '100%2525/%252e%252e'],
  ['[1]{2}|3^4`', '[1]{2}|3^4`'],
])('the file %j is at its encoded path', async (path, encoded) => {
  const { hash } = await holdBundle({ [path]: `content of ${path}`, other: 'other' })
  const answer = await get(`/${hash}/${encoded}`)
  expect([answer.status, answer.text]).toEqual([200, `content of ${path}`])
})

test.each([
  ['a/../../b', 404],
  ['a/%2E%2e/b', 404],
  ['%252e%252e/x', 404],
  ['a%2fb', 400],
  ['a%2f..%2f..%2fb', 400],
  ['a%5cb', 400],
  ['a%00', 400],
  ['%ff', 400],
  ['missing', 404],
  ['A/b', 404],
  ['a/b/', 404],
  ['a/b/c', 404],
  ['missing/', 404],
  ['package.json', 404],
])('the path %j inside a bundle is %i and no other file', async (path, status) => {
  const { hash } = await holdBundle({ 'a/b': 'x', 'index.html': 'y' })
  const answer = await get(`/raw/${hash}/${path}`)
  expect([answer.status, codeOf(answer)]).toEqual([status, status === 400 ? 'ERR_BAD_KEY' : 'ERR_NO_ENTRY'])
})

test.each([
  ['./a/b', 'x'],
  ['.//a/./b', 'x'],
  ['a//b', 'x'],
  ['c/../a/b', 'x'],
  ['a/%2e%2e/a/b', 'x'],
  ['..', 'y'],
  ['../../index.html', 'y'],
  ['a/b/../.././', 'y'],
])('the path %j is resolved inside the bundle', async (path, text) => {
  const { hash } = await holdBundle({ 'a/b': 'x', 'index.html': 'y' })
  for (const prefix of ['', '/raw']) expect((await get(`${prefix}/${hash}/${path}`)).text).toBe(text)
})

test('a folder leads to its slash, keeps its query, and shows its own index.html', async () => {
  const { hash } = await holdBundle({ 'docs/index.html': 'the index', 'docs/a': 'a' })
  const answer = await get(`/raw/${hash}/docs?download=0`)
  expect([answer.status, answer.headers.location]).toEqual([308, `/raw/${hash}/docs/?download=0`])
  expect(answer.headers['cache-control']).toBe('no-cache') // a 308 may be cached otherwise
  expect((await get(`/${hash}//x/../docs`)).headers.location).toBe(`/${hash}/docs/`)
  expect((await get(`/raw/${hash}/docs/`)).text).toBe('the index')
})

test('without an index.html there is a page of links, one to each file, and a list for programs that name JSON', async () => {
  const { hash, entries } = await holdBundle({ '<img src=x>.txt': 'a', 'sub/ü.txt': 'bc' })
  const json = { accept: 'application/json' }
  const list = JSON.parse((await get(`/raw/${hash}/`, json)).text)
  expect(list.folder).toBe('')
  expect(list.files.map(({ path, size, hash }: Record<string, unknown>) => ({ path, size, hash }))).toEqual(
    entries.map(({ path, size, key }) => ({ path, size, hash: encodeKeyHex(key) })),
  )
  const page = await get(`/raw/${hash}/`)
  for (const accept of ['*/*', 'text/*', 'text/html,*/*;q=0.8']) expect((await get(`/${hash}/`, { accept })).text).toBe(page.text)
  expect(page.headers['content-security-policy']).toContain("default-src 'none'")
  expect(page.text).not.toContain('<img')
  const links = Array.from(page.text.matchAll(/href="([^"]+)"/g), ([, link]) => link)
  expect(links.shift()).toBe('./sub/')
  expect(links).toHaveLength(2)
  for (const [i, link] of links.entries()) expect((await get(`/raw/${hash}/${link}`)).text).toBe(['a', 'bc'][i])
  const inFolder = JSON.parse((await get(`/raw/${hash}/sub/`, json)).text)
  expect(inFolder.files).toHaveLength(1)
})

test('a person who opens a bundle gets the viewer around its file', async () => {
  const { hash } = await holdBundle({ 'index.html': '<p>hi', 'a b.txt': 'text', 'c.zip': Uint8Array.of(0x50, 0x4b, 3, 4, 0) })
  expect((await get(`/${hash}`, BROWSER)).text).toContain(`src="/raw/${hash}/"`)
  expect((await get(`/${hash}/a%20b.txt`, BROWSER)).text).toContain(`src="/raw/${hash}/a%20b.txt"`)
  expect((await get(`/${hash}/c.zip`, BROWSER)).text).not.toContain('<iframe')
  expect((await get(`/${hash}/none`, BROWSER)).status).toBe(404)
})

test('a file whose holder is gone is 404 and named', async () => {
  const { hash, entries } = await holdBundle({ 'gone file.txt': 'held by nothing else', 'here.txt': 'y' })
  const { key = new Uint8Array() } = entries[0] ?? {}
  await holder.peer.content.release(key)
  // The release is on its way to the gateway's node, which answers 504 while it believes in a holder.
  for await (const count of network.nodes[1].peer.rendezvous.watch(key)) if (count === 0) break
  const answer = await get(`/raw/${hash}/gone%20file.txt`)
  expect([answer.status, codeOf(answer)]).toEqual([404, 'ERR_NO_HOLDER'])
  expect(JSON.parse(answer.text).error.message).toContain('gone file.txt')
  expect((await get(`/raw/${hash}/here.txt`)).text).toBe('y')
})

test('files in pieces seek inside a bundle, and downloads have the file’s name', async () => {
  const video = generatedBytes(0, PIECE + 100)
  const { hash } = await holdBundle({ 'clips/ä.mp4': video }, { 'clips/ä.mp4': 'video/mp4' })
  const part = await get(`/raw/${hash}/clips/%C3%A4.mp4?download=1`, { range: `bytes=${PIECE - 5}-${PIECE + 5}` })
  expect([part.status, part.headers['content-type']]).toEqual([206, 'video/mp4'])
  expect(part.body.equals(video.subarray(PIECE - 5, PIECE + 6))).toBe(true)
  expect(part.headers['content-disposition']).toBe('attachment; filename="_.mp4"; filename*=UTF-8\'\'%C3%A4.mp4')
})

test('a list of files that itself comes in pieces is read, with the outline of its link and without', async () => {
  const shared = 'the same small file'
  const { key } = await hold(new TextEncoder().encode(shared))
  const entries = Array.from({ length: 4_000 }, (_, i) => ({ path: `${i}/${'p'.repeat(60)}`, size: shared.length, type: '', key }))
  const { key: bundle, outline } = await hold(encodeBundle(entries))
  expect(outline).toBeDefined()
  for (const query of ['', `?o=${encodeKeyHex(outline ?? bundle)}`]) {
    expect((await get(`/raw/${encodeKeyHex(bundle)}/77/${'p'.repeat(60)}${query}`)).text).toBe(shared)
  }
})

test('?format=zip is an archive with every file, and the same each time', async () => {
  const files: Files = { 'a.txt': 'a', empty: '', 'sub/ü 🦟.bin': generatedBytes(0, 2 * PIECE + 7), 'sub/x': 'x' }
  const { hash, entries } = await holdBundle(files)
  const answer = await get(`/${hash}?format=zip`)
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/zip'])
  expect(answer.body.byteLength).toBe(Number(answer.headers['content-length']))
  expect((await get(`/raw/${hash}/?format=zip`)).body.equals(answer.body)).toBe(true)
  const hashes = Array.from(readZip(answer.body), ([path, bytes]) => [path, createHash('sha256').update(bytes).digest('hex')])
  expect(hashes.toSorted()).toEqual(entries.map(({ path, key }) => [path, encodeKeyHex(key)]).toSorted())
  expect((await get(`/${hash}/sub?format=zip`)).headers['content-disposition']).toBe('attachment; filename="sub.zip"')
  expect((await get(`/${hash}/nothing?format=zip`)).status).toBe(404)
})

test('an archive with a file that nobody holds is refused before its first byte, and the error names the file', async () => {
  const { hash, entries } = await holdBundle({ 'a/here': 'x', 'a/same': 'x', 'b/gone file': 'held in no other bundle', 'b/other': 'z' })
  const gone = entries.find(({ path }) => path === 'b/gone file')
  await holder.peer.content.release(gone?.key ?? new Uint8Array())
  const refused = await get(`/${hash}?format=zip`)
  expect([refused.status, codeOf(refused)]).toEqual([404, 'ERR_NO_HOLDER'])
  expect(JSON.parse(refused.text).error.message).toContain('b/gone file')
  const rest = await get(`/${hash}/a?format=zip`)
  expect([rest.status, Array.from(readZip(rest.body).keys())]).toEqual([200, ['here', 'same']])
})

test('a single file has no paths inside and no archive', async () => {
  const { key } = await hold(new TextEncoder().encode('one file'))
  for (const rest of ['/', '/a', '?format=zip']) {
    const answer = await get(`/raw/${encodeKeyHex(key)}${rest}`)
    expect([answer.status, codeOf(answer)]).toEqual([404, 'ERR_NO_BUNDLE'])
  }
  expect((await get(`/${encodeKeyHex(key)}?format=cake`)).status).toBe(406)
})
