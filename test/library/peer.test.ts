import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createEmitter } from '../../node/async/emitter.ts'
import {
  type ContentSource,
  createLinkKey,
  createMemoryOutboxStore,
  createPeer,
  decodeBundle,
  encodeBundle,
  encodeLinkKey,
  hashnameOf,
  type MayflyErrorCode,
  type OutboxStore,
  type PeerEvent,
  publicKeyOf,
  sealSource,
} from '../../node/index.ts'
import { createBoundedJoin } from '../../node/library/join.ts'
import { createNetwork } from '../helpers/network.ts'

/** `printf hello | sha256sum` */
const HELLO = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'

test('content: text, an ArrayBuffer and a Blob are held as what is in them, and a hex key gets them', async () => {
  const { nodes } = await createNetwork({ nodes: 1 })
  const { content, rendezvous } = nodes[0].peer
  const bytes = new TextEncoder().encode('hello')
  for (const data of ['hello', bytes, bytes.buffer, new Blob([bytes])]) {
    const { key } = await content.hold(data)
    expect(Buffer.from(key).toString('hex')).toBe(HELLO)
  }
  expect(new TextDecoder().decode((await content.get(HELLO)).bytes)).toBe('hello')
  for await (const holders of rendezvous.watch(HELLO)) {
    expect(holders).toBe(1)
    break
  }
  expect(await content.release(HELLO)).toBe(true)
})

test('content: what hold returns, with a path and a type, is an entry of a bundle', async () => {
  const { nodes } = await createNetwork({ nodes: 1 })
  const held = await nodes[0].peer.content.hold('hello')
  const [entry] = decodeBundle(encodeBundle([{ path: 'hello.txt', type: 'text/plain', ...held }]))
  expect(entry).toMatchObject({ path: 'hello.txt', size: 5, key: held.key })
})

test('content: a part ends with the content at the latest, and begins in it', async () => {
  const { nodes } = await createNetwork({ nodes: 1 })
  const { content } = nodes[0].peer
  await content.hold('hello')
  const opened = await content.open(HELLO)
  const read = async (part: unknown) => {
    let text = ''
    for await (const bytes of opened.read(part as { offset: number; length: number })) text += new TextDecoder().decode(bytes)
    return text
  }
  expect(await read(undefined)).toBe('hello')
  expect(await read({ offset: 1, length: 2 })).toBe('el')
  expect(await read({ offset: 3 })).toBe('lo')
  expect(await read({ offset: 3, length: 99 })).toBe('lo')
  for (const part of [{ offset: 6 }, { offset: -1, length: 1 }, { offset: '1' }, { offset: 0, length: 1.5 }, { length: 1 }, 3]) {
    await expect(read(part)).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  }
})

test('content: a source that answers with other bytes than those asked for is refused', async () => {
  const { nodes } = await createNetwork({ nodes: 1 })
  const { content } = nodes[0].peer
  const source = (size: number, read: (offset: number, length: number) => unknown) => ({ size, read }) as unknown as ContentSource
  const large = 600_000
  const wrong = [
    source(5, async () => 'hello'),
    source(5, () => undefined),
    source(5, async () => new Uint8Array(4)),
    source(5, async () => new Uint8Array(6)),
    source(large, async (_, length) => 'x'.repeat(length)),
    source(large, async (_, length) => new Uint8Array(length - 1)),
  ]
  for (const each of wrong) {
    await expect(content.hold(each)).rejects.toMatchObject({ code: 'ERR_BAD_OPTION', message: /content\.read: expected \d+ bytes/ })
    const sealed = await sealSource(each, createLinkKey())
    await expect(sealed.read(0, sealed.size)).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  }
  const { key } = await content.hold(source(5, () => new TextEncoder().encode('hello'))) // an answer need not be a promise
  expect(Buffer.from(key).toString('hex')).toBe(HELLO)
})

test('messages: an outbox store that answers wrongly is an error that names the method, and nothing beside it', async () => {
  const store = createMemoryOutboxStore()
  const wrong: Record<string, unknown> = { waiting: () => undefined, list: async () => 'none', get: async () => 5, close: () => undefined }
  const peer = await createPeer({ role: 'tab', outboxStore: { ...store, ...wrong } as OutboxStore })
  await peer.start() // the outbox reads what waits
  try {
    await expect(peer.messages.outbox()).rejects.toMatchObject({ code: 'ERR_BAD_OPTION', message: /outboxStore\.list: expected a list/ })
    await expect(peer.messages.entry(HELLO)).rejects.toMatchObject({ code: 'ERR_BAD_OPTION', message: /outboxStore\.get/ })
    const { outcome } = await peer.messages.post('#wall', 'hello', { waitMs: 0 })
    expect(outcome.state).toBe('queued')
  } finally {
    await peer.stop()
  }
})

test('messages: a body that is neither text nor bytes is refused, and text alone is a body', async () => {
  const { nodes } = await createNetwork({ nodes: 1 })
  const { messages } = nodes[0].peer
  const tap = messages.tap('#wall')
  await tap.ready
  await expect(messages.post('#wall', { body: 5 as unknown as string })).rejects.toMatchObject({ code: 'ERR_BAD_MESSAGE' })
  await expect(messages.post('#wall', {} as { body: string })).rejects.toMatchObject({ code: 'ERR_BAD_MESSAGE' })
  const first = tap[Symbol.asyncIterator]().next()
  await messages.post('#wall', 'hello')
  const { body, type } = (await first).value
  expect([new TextDecoder().decode(body), type]).toEqual(['hello', 'text/plain'])
})

test('a secret may be hex, and no refusal shows one', async () => {
  const secret = '0123456789abcdef'.repeat(4)
  const peer = await createPeer({ messageSecret: secret })
  expect(peer.messages.hashname).toBe(hashnameOf(publicKeyOf(secret)))
  await peer.stop()
  const linkKey = encodeLinkKey(createLinkKey())
  const refused = [
    createPeer({ messageSecret: secret.slice(1) }),
    createPeer({ privateKey: secret as unknown as Uint8Array }),
    sealSource('text', linkKey.slice(1)),
  ]
  for (const outcome of await Promise.allSettled(refused)) {
    const reason = String((outcome as PromiseRejectedResult).reason)
    expect(reason).toMatch(/^MayflyError/)
    for (const shown of [secret.slice(1, 12), linkKey.slice(1, 12)]) expect(reason).not.toContain(shown)
  }
})

test('bundle: what is no media type is refused when the list is made, since nobody could read it', () => {
  const entry = { path: 'a.txt', size: 1, key: HELLO }
  for (const type of ['text', 'text/plain; charset=utf-8', 'a/'.padEnd(200, 'b')]) {
    expect(() => encodeBundle([{ ...entry, type }])).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }))
  }
})

describe('joining', () => {
  test('one address is a list of one, and the error says why it was not joined', async () => {
    const peer = await createPeer({ join: 'http://127.0.0.1:9' })
    await peer.start()
    await expect(peer.joined({ timeoutMs: 2_000 })).rejects.toMatchObject({
      code: 'ERR_NO_NETWORK',
      message: expect.stringContaining('127.0.0.1:9'),
    })
    const reason = new Error('enough')
    await expect(peer.joined({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await peer.stop()
  })

  describe('by a clock that the test moves', () => {
    beforeEach(() => void vi.useFakeTimers())
    afterEach(() => void vi.useRealTimers())
    const peer = { onEvent: () => () => {}, status: () => ({ startedAtMs: 1 }) } as unknown as Parameters<typeof createBoundedJoin>[0]
    const forever = ({ signal }: { signal?: AbortSignal }) =>
      new Promise<void>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))

    test('a page that no gateway lets in is told at once', async () => {
      const { on: onEvent, emit } = createEmitter<PeerEvent>()
      const fail = (failure: { address: string; reason: string; code: MayflyErrorCode }) =>
        emit({ type: 'join-failed', retryInMs: 1, ...failure })
      const joined = createBoundedJoin({ ...peer, onEvent }, ['http://a.example', 'http://b.example'])(forever, {})
      const outcome = expect(joined).rejects.toMatchObject({ code: 'ERR_ORIGIN', message: 'a: --allow-origin; b: --allow-origin' })
      fail({ address: 'http://a.example', reason: 'a: --allow-origin', code: 'ERR_ORIGIN' })
      fail({ address: 'http://b.example', reason: 'b is away', code: 'ERR_NO_NETWORK' })
      fail({ address: 'http://b.example', reason: 'b: --allow-origin', code: 'ERR_ORIGIN' })
      await outcome
    })

    test('joined has a default time', async () => {
      const joined = createBoundedJoin(peer, [])(forever, {})
      const outcome = expect(joined).rejects.toMatchObject({ code: 'ERR_NO_NETWORK', message: expect.stringContaining('no address') })
      await vi.advanceTimersByTimeAsync(30_000)
      await outcome
    })

    test('with a signal it waits for as long as that allows', async () => {
      const abort = new AbortController()
      const joined = createBoundedJoin(peer, [])(forever, { signal: abort.signal })
      const outcome = expect(joined).rejects.toBe('later')
      await vi.advanceTimersByTimeAsync(3_600_000)
      abort.abort('later')
      await outcome
    })
  })
})

test('a peer without people says so where they are asked for, and can be copied all the same', async () => {
  const peer = await createPeer()
  expect(() => peer.people).toThrow(expect.objectContaining({ code: 'ERR_NO_PEOPLE' }))
  expect('people' in { ...peer }).toBe(false)
  await peer.stop()
})
