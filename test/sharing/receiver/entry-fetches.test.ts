/** Contents of a share on their way to a receiver, and on to others: with contents that the test gives, cuts and takes away. */

import { expect, test } from 'vitest'
import type { createWakeUp } from '../../../node/async/wake-up.ts'
import { sealedBytes } from '../../../node/content/index.ts'
import type { ContentSource, OpenedContent, Receiving } from '../../../node/content/types.ts'
import { MayflyError } from '../../../node/errors.ts'
import { encodeKeyHex, sha256 } from '../../../node/keys/index.ts'
import type { ListedEntry } from '../../../node/sharing/format/share-entry.ts'
import { createEntryFetches } from '../../../node/sharing/receiver/entry-fetches.ts'
import type { FetchShape } from '../../../node/sharing/types.ts'
import { createMemoryStore } from '../../helpers/share-store.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const [SHARER, HELPERS] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
const WORDS = new TextEncoder().encode('hello')

async function entryOf(bytes: Uint8Array, changes: Partial<ListedEntry & { hash: string }> = {}): Promise<ListedEntry & { hash: string }> {
  return {
    ...{ id: 1, kind: 'file', path: 'a', size: bytes.byteLength, mediaType: '', modifiedMs: undefined, state: 'ready', text: undefined },
    ...{ outline: undefined, travelSize: bytes.byteLength, linkKey: undefined, hash: encodeKeyHex(await sha256(bytes)) },
    ...changes,
  }
}

/** @param answers those to each `open`, in turn: bytes, or nobody has it */
function createWorld(answers: (Uint8Array | undefined)[] = []) {
  const asked: string[] = []
  const held = new Map<string, ContentSource>()
  const received: (Receiving & { serves: boolean[]; finish(): void; cut(): void })[] = []
  const waiting = new Set<ReturnType<typeof createWakeUp>>()
  const fetches = createEntryFetches({
    content: {
      async open(key, { bundle, known } = {}) {
        asked.push(bundle === SHARER ? `sharer ${known?.peer}` : `helpers ${known?.peer}`)
        const bytes = answers.shift()
        if (bytes === undefined) throw new MayflyError('ERR_UNAVAILABLE', 'It was cut')
        return { key, bytes, size: bytes.byteLength } as OpenedContent
      },
      receive() {
        const { promise, resolve, reject } = Promise.withResolvers<void>()
        const serves: boolean[] = []
        const cut = () => reject(new MayflyError('ERR_UNAVAILABLE', 'It was cut'))
        const receiving = { complete: promise, serve: (is: boolean) => void serves.push(is), async end() {}, serves, finish: resolve, cut }
        received.push(receiving)
        return receiving
      },
      async hold(content) {
        const source = content as ContentSource
        const key = await sha256(await source.read(0, source.size))
        held.set(encodeKeyHex(key), source)
        return { key, size: source.size, wasHeld: false }
      },
      release: async (key) => held.delete(encodeKeyHex(key)),
    },
    ...{ swarmKey: SHARER, helpersKey: HELPERS, waiting },
    sharer: () => ({ peer: 'a tab', home: 'home', addresses: [] }),
    mustGoOn() {
      for (const bell of waiting) bell.ring()
    },
  })
  return { fetches, asked, held, received }
}

test('content of one piece that is cut is fetched again, from the sharer or from somebody who has it; then it is passed on', async () => {
  const { fetches, asked, held } = createWorld([undefined, undefined, undefined, WORDS])
  const entry = await entryOf(WORDS)
  const waits: boolean[] = []
  const store = createMemoryStore({ hash: entry.hash, size: 5, pieceBytes: 5, linkKey: undefined, plainSize: 5 })
  await fetches.fetch(entry, async () => store, { onWaiting: (is) => waits.push(is) })
  expect([asked, waits]).toEqual([
    ['sharer a tab', 'helpers undefined', 'sharer a tab', 'helpers undefined'],
    [true, false],
  ])
  await waitFor(() => held.has(entry.hash), 5_000, 'it is passed on')
  await store.write(0, new TextEncoder().encode('HELLO'))
  expect(new TextDecoder().decode(await held.get(entry.hash)?.read(1, 2)), 'it is read from the store').toBe('EL')

  fetches.help(false)
  await waitFor(() => !held.has(entry.hash), 5_000, 'it is passed on no more')
  await store.write(0, WORDS)
  fetches.help(true)
  await waitFor(() => held.has(entry.hash), 5_000, 'it is passed on again')
  await fetches.close()
  expect(held.size).toBe(0)
})

test('content of one piece that is there is not fetched again, but for one that is no longer right', async () => {
  const { fetches, asked, held } = createWorld([WORDS])
  const entry = await entryOf(WORDS)
  const store = createMemoryStore({ hash: entry.hash, size: 5, pieceBytes: 5, linkKey: undefined, plainSize: 5 })
  await store.write(0, WORDS)
  await fetches.fetch(entry, async () => store, { isDoubtful: true })
  expect(asked).toEqual([])
  await waitFor(() => held.has(entry.hash), 5_000, 'it is passed on')
  await fetches.close()
  await store.write(0, new TextEncoder().encode('other'))
  await fetches.fetch(entry, async () => store, { isDoubtful: true })
  expect([asked, await store.plain()]).toEqual([['sharer a tab'], Buffer.from(WORDS)])
})

test.each<[string, Partial<Omit<ListedEntry, 'hash'>>, number]>([
  ['other bytes come', { size: 4, travelSize: 4 }, 1],
  ['more travel than the file has, unsealed', { size: 4 }, 0],
  ['more travel than the file has, sealed', { size: 5, travelSize: sealedBytes(5) + 1, linkKey: new Uint8Array(32) }, 0],
  ['fewer travel', { size: 5, travelSize: sealedBytes(5) - 1, linkKey: new Uint8Array(32) }, 0],
])('a content of another size than its sharer says is refused, and nothing of it is kept: %s', async (_, changes, times) => {
  const { fetches, asked } = createWorld([WORDS])
  const entry = await entryOf(WORDS, changes)
  const stores: ReturnType<typeof createMemoryStore>[] = []
  const storeFor = async (shape: FetchShape) => {
    const store = createMemoryStore(shape)
    stores.push(store)
    return store
  }
  const refusal = { code: 'ERR_UNAVAILABLE', message: expect.stringContaining('not of the size that its sharer says') }
  await expect(fetches.fetch(entry, storeFor, {})).rejects.toMatchObject(refusal)
  expect([asked.length, ...stores.map(({ written }) => written)]).toEqual(times === 0 ? [0] : [1, 0])
  if (times === 0) await expect(fetches.open(entry, {})).rejects.toMatchObject(refusal)
})

test('a content that is coming is passed on only while this peer helps', async () => {
  const { fetches, received } = createWorld()
  const entry = await entryOf(WORDS, { outline: new Uint8Array(32) })
  const fetching = fetches.fetch(entry, async (shape) => createMemoryStore(shape), {})
  await waitFor(() => received.length === 1, 5_000, 'it is received')
  fetches.help(false)
  received[0]?.finish()
  await fetching
  fetches.help(true)
  expect(received[0]?.serves).toEqual([true, false, true])
})

test('a content in pieces is sought while its store is being opened', async () => {
  const { fetches, received } = createWorld()
  const entry = await entryOf(WORDS, { outline: new Uint8Array(32) })
  const opened = Promise.withResolvers<void>()
  const progress: number[] = []
  const fetching = fetches.fetch(
    entry,
    async (shape) => {
      await opened.promise
      return createMemoryStore(shape)
    },
    { onProgress: (bytes) => progress.push(bytes) },
  )
  await waitFor(() => received.length === 1, 5_000, 'it is sought')
  expect(progress).toEqual([])
  opened.resolve()
  received[0]?.finish()
  await fetching
  expect(progress.at(-1)).toBe(entry.travelSize)
})

test('what is cut while its store is being opened ends once the store is there, for its caller to close', async () => {
  const { fetches, received } = createWorld()
  const entry = await entryOf(WORDS, { outline: new Uint8Array(32) })
  const opened = Promise.withResolvers<void>()
  let isThere = false
  const fetching = fetches.fetch(
    entry,
    async (shape) => {
      await opened.promise
      isThere = true
      return createMemoryStore(shape)
    },
    {},
  )
  const thereAtItsEnd = fetching.catch(() => isThere)
  await waitFor(() => received.length === 1, 5_000, 'it is sought')
  received[0]?.cut()
  await new Promise((resolve) => setImmediate(resolve))
  opened.resolve()
  expect(await thereAtItsEnd).toBe(true)
})
