/** Content over plain HTTP for a tab that has no home yet. */

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createEmitter } from '../../../node/async/emitter.ts'
import { createEarlyFetch } from '../../../node/content/fetch/early-fetch.ts'
import type { ContentEvent } from '../../../node/content/types.ts'
import { encodeKeyHex, sha256 } from '../../../node/keys/index.ts'

const bytes = new TextEncoder().encode('small content')
const key = await sha256(bytes)

async function startGateway(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function createFetch(join: string[], home?: string) {
  const events: ContentEvent[] = []
  const homes = createEmitter<void>()
  const presence = { home: home as unknown, onHome: homes.on }
  const fetchEarly = createEarlyFetch({ join, presence, limits: { maxPieceBytes: 100 }, emit: (event) => events.push(event) })
  return { events, presence, homes, get: (signal?: AbortSignal) => fetchEarly(key, { ...(signal && { signal }) }) }
}

test('early fetch: takes the bytes from the gateway that is being joined, and says where they came from', async () => {
  const asked: (string | undefined)[] = []
  const url = await startGateway(({ url: path }, answer) => {
    asked.push(path)
    answer.end(bytes)
  })
  const { get, events } = createFetch(['/ip4/127.0.0.1/tcp/1/ws', url])
  expect(await get()).toEqual({ key, bytes, from: url })
  expect(asked).toEqual([`/raw/${encodeKeyHex(key)}`])
  expect(events).toMatchObject([{ type: 'fetched', key: encodeKeyHex(key), bytes: bytes.byteLength, from: url }])
})

test.each<[string, RequestListener]>([
  ['other bytes', (_, answer) => answer.end('other')],
  ['no content', (_, answer) => answer.writeHead(404).end(bytes)],
  ['more than travels whole', (_, answer) => answer.end(Buffer.alloc(101))],
  ['half an answer', ({ socket }, answer) => answer.writeHead(200, { 'content-length': '13' }).write('small', () => socket.destroy())],
])('early fetch: a gateway that gives %s is passed over, and the next one asked', async (_what, answer) => {
  const [bad, good] = [await startGateway(answer), await startGateway((_, each) => each.end(bytes))]
  const alone = createFetch([bad])
  expect(await alone.get()).toBeUndefined()
  expect(alone.events).toEqual([])
  expect(await createFetch([bad, good]).get()).toMatchObject({ bytes, from: good })
})

test('early fetch: a tab that has a home, and one that joins no gateway, ask nobody', async () => {
  let requests = 0
  const url = await startGateway((_, answer) => {
    requests++
    answer.end(bytes)
  })
  expect(await createFetch([url], 'home').get()).toBeUndefined()
  expect(await createFetch(['/ip4/127.0.0.1/tcp/1/ws']).get()).toBeUndefined()
  expect(requests).toBe(0)
})

test('early fetch: an aborted reader leaves', async () => {
  const leaving = new AbortController()
  const url = await startGateway(() => leaving.abort(new Error('gone')))
  await expect(createFetch([url]).get(leaving.signal)).rejects.toThrow('gone')
})

test('early fetch: one that has not come when there is a home is given up, since others can be asked then', async () => {
  const asked = Promise.withResolvers<void>()
  const url = await startGateway(() => asked.resolve()) // never answers
  let isSecondAsked = false
  const second = await startGateway((_, answer) => {
    isSecondAsked = true
    answer.end(bytes)
  })
  vi.useFakeTimers({ toFake: ['setTimeout'] }) // so that no time is over
  onTestFinished(() => void vi.useRealTimers())
  const { get, presence, homes } = createFetch([url, second])
  const found = get()
  await asked.promise
  presence.home = 'home'
  homes.emit()
  expect([await found, isSecondAsked]).toEqual([undefined, false])
})
