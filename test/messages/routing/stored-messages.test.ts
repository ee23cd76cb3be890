import { describe, expect, test } from 'vitest'
import { encodeKeyHex } from '../../../node/keys/index.ts'
import { createMessageSecret } from '../../../node/messages/index.ts'
import { createStoredMessages, type StoredMessageLimits } from '../../../node/messages/routing/stored-messages.ts'
import type { Key } from '../../../node/types.ts'
import { signMadeUp } from '../../helpers/signed-messages.ts'

const NOW_MS = 1_760_000_000_000

function start(limits: Partial<StoredMessageLimits> = {}, known: Key[] = []) {
  const clock = { nowMs: NOW_MS }
  const isKnown = (end: Key) => known.some((key) => encodeKeyHex(key) === encodeKeyHex(end))
  const roomy = { maxMailBytes: 1e6, maxMailBytesPerEnd: 1e6, maxMailBytesPerSender: 1e6 }
  return { mail: createStoredMessages({ ...roomy, ...limits }, isKnown, () => clock.nowMs), clock }
}

const message = (options = {}) => signMadeUp({ sentAtMs: NOW_MS, ...options })
const ids = (envelopes: { id: Key }[]) => envelopes.map(({ id }) => encodeKeyHex(id))
/** Bytes of one stored message. */
const ONE = (() => {
  const { mail } = start()
  mail.keep(message())
  return mail.bytes
})()

describe('mail', () => {
  test('is kept for its end, in its order, once, until it is removed', () => {
    const { mail } = start()
    const first = message()
    const second = { ...message(), to: first.to }
    for (const envelope of [first, second, message(), first]) expect(mail.keep(envelope)).toBeUndefined()
    expect(ids(mail.of(first.to))).toEqual(ids([first, second]))
    expect([mail.size, mail.bytes]).toEqual([3, 3 * ONE])
    mail.remove(first.id)
    mail.remove(first.id)
    expect(ids(mail.of(first.to))).toEqual(ids([second]))
    expect([mail.size, mail.bytes]).toEqual([2, 2 * ONE])
  })

  test('that has expired is given to nobody, and swept', () => {
    const { mail, clock } = start()
    const short = message({ ttlMs: 1_000 })
    const long = message({ ttlMs: 2_000 })
    mail.keep(short)
    mail.keep(long)
    clock.nowMs += 1_000
    expect([mail.of(short.to), mail.size]).toEqual([[], 2])
    mail.sweep()
    expect([mail.size, mail.bytes, ids(mail.of(long.to))]).toEqual([1, ONE, ids([long])])
  })

  test('is refused over the share of a sender, of an end, and of all, each with its reason; what is gone makes room', () => {
    const secret = createMessageSecret()
    const share = start({ maxMailBytesPerSender: 2 * ONE }).mail
    const kept = message({ secret })
    expect([kept, message({ secret }), message({ secret }), message()].map(share.keep)).toEqual([
      undefined,
      undefined,
      'sender-share',
      undefined,
    ])
    share.remove(kept.id)
    expect(share.keep(message({ secret }))).toBeUndefined()

    const end = start({ maxMailBytesPerEnd: 2 * ONE }).mail
    const { to } = message()
    expect([1, 2, 3].map(() => end.keep({ ...message(), to }))).toEqual([undefined, undefined, 'end-full'])
    expect(end.keep(message())).toBeUndefined()

    const all = start({ maxMailBytes: 2 * ONE }).mail
    expect([1, 2, 3].map(() => all.keep(message()))).toEqual([undefined, undefined, 'full'])
    expect(all.bytes).toBe(2 * ONE)
  })

  test('of a receiver that was proved takes the room of made-up ones, oldest first, and never the other way round', () => {
    const to = message().to
    const { mail } = start({ maxMailBytes: 3 * ONE }, [to])
    const madeUp = [message(), message(), message()]
    for (const envelope of madeUp) mail.keep(envelope)
    const real = [1, 2, 3].map(() => ({ ...message(), to }))
    expect(mail.keep(real[0] as (typeof real)[0])).toBeUndefined()
    expect(madeUp.map((envelope) => mail.of(envelope.to).length)).toEqual([0, 1, 1])
    expect(real.slice(1).map(mail.keep)).toEqual([undefined, undefined])
    expect([mail.keep(message()), mail.keep({ ...message(), to })]).toEqual(['full', 'full'])
    expect(ids(mail.of(to))).toEqual(ids(real))
    expect(mail.bytes).toBe(3 * ONE)
  })

  test('that has expired makes room before anybody is refused', () => {
    const { mail, clock } = start({ maxMailBytes: ONE })
    mail.keep(message({ ttlMs: 1_000 }))
    clock.nowMs += 1_000
    expect(mail.keep(message({ ttlMs: 5_000 }))).toBeUndefined()
  })
})
