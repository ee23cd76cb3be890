import { describe, expect, test } from 'vitest'
import { createMessageSecret, type Envelope, hashnameOf, parseEnd, publicKeyOf } from '../../../node/messages/index.ts'
import { createOwnTap } from '../../../node/messages/routing/own-tap.ts'
import type { Kept, Message, MessageRefusal, Receipt, TapOptions } from '../../../node/messages/types.ts'
import { signOpen, signSealed } from '../../helpers/signed-messages.ts'
import { waitFor } from '../../helpers/wait-for.ts'

function start(end: string, { secret = createMessageSecret(), keep }: Pick<TapOptions, 'secret' | 'keep'> = {}) {
  const receipts: Receipt[] = []
  const declined: MessageRefusal[] = []
  const heard: string[] = []
  const tap = createOwnTap({
    end: parseEnd(end),
    secret,
    keep,
    ready: async () => {},
    listener: {
      onReceipt: (receipt) => receipts.push(receipt),
      onDeclined: (_, reason) => declined.push(reason),
      onMessage: ({ body }) => heard.push(new TextDecoder().decode(body)),
      onClosed: async () => {},
    },
    now: () => 5,
  })
  return { tap, receipts, declined, heard }
}

const many = (count: number, secret = createMessageSecret()): Envelope[] =>
  Array.from({ length: count }, (_, i) => signOpen('#wall', { body: `${i}` }, { secret }))

describe('own tap', () => {
  test('messages of one turn are one batch, with one receipt for each sender', async () => {
    const batches: number[] = []
    const keep = async (messages: Message[]): Promise<Kept[]> => {
      batches.push(messages.length)
      return messages.map(() => 'stored')
    }
    const { tap, receipts, heard } = start('#wall', { keep })
    const [one, other] = [many(3), many(2)]
    for (const envelope of [...one, ...other]) tap.deliver(envelope)
    await waitFor(() => receipts.length === 2, 5_000, 'both receipts')
    expect(batches).toEqual([5])
    expect(receipts.map(({ ids }) => ids)).toEqual([one.map(({ id }) => id), other.map(({ id }) => id)])
    expect(heard).toEqual(['0', '1', '2', '0', '1'])
  })

  test('nothing is receipted before it is stored', async () => {
    const stored = Promise.withResolvers<Kept[]>()
    let asked = false
    const { tap, receipts } = start('#wall', {
      keep: () => {
        asked = true
        return stored.promise
      },
    })
    tap.deliver(many(1)[0] as Envelope)
    await waitFor(() => asked, 5_000, 'it is handed over')
    expect(receipts).toEqual([])
    stored.resolve(['stored'])
    await waitFor(() => receipts.length === 1, 5_000, 'the receipt')
  })

  test.each<[what: string, keep: NonNullable<TapOptions['keep']>]>([
    ['rejects', () => Promise.reject(new Error('disk full'))],
    [
      'throws',
      () => {
        throw new Error('disk full')
      },
    ],
    ['answers nothing', async () => undefined as unknown as Kept[]],
    ['answers for too few', async () => []],
    ['answers what is no refusal', async () => [true as unknown as Kept]],
  ])('a store that %s has stored nothing, and is asked again', async (_, failing) => {
    let fails = true
    const keep = (messages: Message[]) => (fails ? failing(messages) : Promise.resolve(messages.map((): Kept => 'stored')))
    const { tap, receipts, declined, heard } = start('#wall', { keep })
    const [envelope] = many(1) as [Envelope]
    tap.deliver(envelope)
    await waitFor(() => declined.length === 1, 5_000, 'it is declined')
    expect([declined, receipts, heard]).toEqual([['not-stored'], [], []])
    fails = false
    tap.deliver(envelope)
    await waitFor(() => receipts.length === 1, 5_000, 'the receipt')
    expect(heard).toEqual(['0'])
  })

  test('a storing tap gets a repeat and receipts it again; a listening tap gets it once', async () => {
    const { tap, receipts, heard } = start('#wall', { keep: async (messages) => messages.map((): Kept => 'stored') })
    const listener = start('#wall')
    const [envelope] = many(1) as [Envelope]
    for (let i = 1; i <= 3; i++) {
      tap.deliver(envelope)
      listener.tap.deliver(envelope)
      await waitFor(() => receipts.length === i, 5_000, 'a receipt')
    }
    await waitFor(() => listener.heard.length > 0, 5_000, 'it is heard')
    expect([heard, listener.heard]).toEqual([['0'], ['0']])
  })

  test('a message sealed for another, or not sealed at all, is declined at a hashname', async () => {
    const secret = createMessageSecret()
    const { tap, declined, heard } = start(hashnameOf(publicKeyOf(secret)), { secret })
    tap.deliver(await signSealed(publicKeyOf(createMessageSecret()), { body: 'for another' }))
    tap.deliver(many(1)[0] as Envelope)
    tap.deliver(await signSealed(publicKeyOf(secret), { body: 'mine' }))
    await waitFor(() => heard.length === 1 && declined.length === 2, 5_000, 'all are looked at')
    expect([heard, declined]).toEqual([['mine'], ['forged', 'forged']])
  })

  test('readers each read all, from when they begin; closing ends them, and nothing is taken any more', async () => {
    const { tap, heard } = start('#wall')
    const read = async () => {
      const bodies: string[] = []
      for await (const { body } of tap) bodies.push(new TextDecoder().decode(body))
      return bodies
    }
    const readers = [read(), read()]
    const envelopes = many(3)
    for (const envelope of envelopes.slice(0, 2)) tap.deliver(envelope)
    await waitFor(() => heard.length === 2, 5_000, 'both are heard')
    await tap.close()
    tap.deliver(envelopes[2] as Envelope)
    await tap.close()
    for (const bodies of await Promise.all(readers)) expect(bodies.length).toBeLessThanOrEqual(2)
    expect(heard).toEqual(['0', '1'])
  })
})
