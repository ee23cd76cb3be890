import { beforeEach, expect, test, vi } from 'vitest'
import { dropGiven, keepGiven, readGiven } from '../../../browser/offline/given.ts'

const store = new Map<string, Response>()
const cache = {
  put: async (key: string, kept: Response) => void store.set(key, kept),
  keys: async () => [...store.keys()].map((url) => ({ url })),
  match: async ({ url }: { url: string }) => store.get(url)?.clone(),
  delete: async (url: string) => store.delete(url),
}
const room = { quota: 1_000, usage: 0 }

beforeEach(() => {
  store.clear()
  Object.assign(room, { quota: 1_000, usage: 0 })
  vi.stubGlobal('caches', { open: async () => cache, has: async () => store.size > 0 })
  vi.stubGlobal('navigator', { storage: { estimate: async () => room } })
  // Node.js makes no redirect to a path alone, as a worker does.
  vi.spyOn(Response, 'redirect').mockImplementation(
    (url, status = 302) => new Response(null, { status, headers: { location: String(url) } }),
  )
  return () => {
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  }
})

async function give(fields: Record<string, string | File>): Promise<string> {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) body.append(name, value)
  const answer = await keepGiven(new Request('http://localhost/app/share', { method: 'POST', body }))
  expect(answer.status).toBe(303)
  return answer.headers.get('location') ?? ''
}

test('what another app shares waits with its name and type until it is taken', async () => {
  const file = new File(['bytes'], 'größe 1.txt', { type: 'text/x-notes' })
  expect(await give({ files: file, title: 'A title', text: 'Some words', url: 'https://a.example/b' })).toBe('/app/share')
  const given = await readGiven()
  const shown = await Promise.all(given.map(async ({ blob, id: _, ...rest }) => ({ ...rest, type: blob.type, text: await blob.text() })))
  expect(shown).toEqual([
    { name: 'größe 1.txt', isText: false, type: 'text/x-notes', text: 'bytes' },
    { name: '', isText: true, type: 'text/plain', text: 'A title\nSome words\nhttps://a.example/b' },
  ])
  await dropGiven(given.slice(0, 1))
  expect((await readGiven()).map(({ isText }) => isText)).toEqual([true])
})

test.each([
  [{ title: 'The name of a page', url: 'https://a.example/' }, 'https://a.example/'],
  [{ text: 'See https://a.example/', url: 'https://a.example/' }, 'See https://a.example/'],
  [{ title: 'A title', text: 'and words' }, 'A title\nand words'],
])('the text of %j is %j', async (fields, text) => {
  await give(fields)
  expect(await (await readGiven())[0]?.blob.text()).toBe(text)
})

test('what waits already stays when more comes', async () => {
  await give({ text: 'first' })
  await give({ text: 'second' })
  expect(await Promise.all((await readGiven()).map(({ blob }) => blob.text()))).toEqual(['first', 'second'])
})

test.each([
  ['empty', {}, 1_000],
  ['empty', { files: new File([], '') }, 1_000],
  ['full', { files: new File([new Uint8Array(501)], 'a') }, 1_000],
  ['full', { text: 'x'.repeat(11) }, 20],
] as const)('nothing is kept, and the page hears %s: %j', async (reason, fields, quota) => {
  room.quota = quota
  expect(await give(fields)).toBe(`/app/share?missed=${reason}`)
  expect(await readGiven()).toEqual([])
})

test('an upload that is cut is said, too', async () => {
  const headers = { 'content-type': 'multipart/form-data; boundary=b' }
  const cut = new Request('http://localhost/app/share', { method: 'POST', headers, body: '--b\r\ncut' })
  expect((await keepGiven(cut)).headers.get('location')).toBe('/app/share?missed=broken')
})
