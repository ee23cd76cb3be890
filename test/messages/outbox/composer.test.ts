/** The work of composing a message. */

import { expect, test, vi } from 'vitest'
import * as signing from '../../../node/keys/signing.ts'
import { parseEnd } from '../../../node/messages/format/end.ts'
import { createComposer } from '../../../node/messages/outbox/composer.ts'
import { createMemoryOutboxStore } from '../../../node/messages/outbox/memory-outbox-store.ts'

vi.mock('../../../node/keys/signing.ts', async (original) => {
  const actual = await original<typeof signing>()
  return { ...actual, signBytes: vi.fn(actual.signBytes) }
})

test('the same words many times within a tick of the clock are as many messages, each signed at most twice', async () => {
  const composer = createComposer({
    store: createMemoryOutboxStore(),
    findPublicKey: async () => undefined,
    limits: { maxMessageBytes: 65_536 },
    now: () => 1_700_000_000_000,
  })
  const secret = signing.createSigningSecret()
  const ids = new Set<string>()
  for (let i = 0; i < 100; i++) {
    const envelope = await composer.compose(parseEnd('#news'), { body: 'the same' }, { secret })
    ids.add(Buffer.from(envelope?.id ?? []).toString('hex'))
  }
  expect(ids.size).toBe(100)
  expect(vi.mocked(signing.signBytes).mock.calls.length).toBeLessThan(200)
})

test("a receiver's public key is looked up for the first message, and not read again for each", async () => {
  const receiver = signing.publicKeyOf(signing.createSigningSecret())
  const store = createMemoryOutboxStore()
  const reads = vi.spyOn(store, 'publicKey')
  const findPublicKey = vi.fn(async () => receiver)
  const composer = createComposer({ store, findPublicKey, limits: { maxMessageBytes: 65_536 }, now: Date.now })
  const end = parseEnd(signing.hashnameOf(receiver))
  const secret = signing.createSigningSecret()
  for (let i = 0; i < 10; i++) expect(await composer.compose(end, { body: `message ${i}` }, { secret })).toMatchObject({ isSealed: true })
  expect([reads.mock.calls.length, findPublicKey.mock.calls.length]).toEqual([1, 1])
})
