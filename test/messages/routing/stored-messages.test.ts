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
  return { stored: createStoredMessages({ ...roomy, ...limits }, isKnown, () => clock.nowMs), clock }
}

const message = (options = {}) => signMadeUp({ sentAtMs: NOW_MS, ...options })
const ids = (envelopes: { id: Key }[]) => envelopes.map(({ id }) => encodeKeyHex(id))
/** Bytes of one stored message. */
const ONE = (() => {
  const { stored } = start()
  stored.keep(message())
  return stored.bytes
})()

describe('stored messages', () => {
  test('is kept for its end, in its order, once, until it is removed', () => {
    const { stored } = start()
    const first = message()
    const second = { ...message(), to: first.to }
    for (const envelope of [first, second, message(), first]) expect(stored.keep(envelope)).toBeUndefined()
    expect(ids(stored.of(first.to))).toEqual(ids([first, second]))
    expect([stored.size, stored.bytes]).toEqual([3, 3 * ONE])
    stored.remove(first.id)
    stored.remove(first.id)
    expect(ids(stored.of(first.to))).toEqual(ids([second]))
    expect([stored.size, stored.bytes]).toEqual([2, 2 * ONE])
  })

  test('that have expired are sent to nobody, and swept', () => {
    const { stored, clock } = start()
    const short = message({ ttlMs: 1_000 })
    const long = message({ ttlMs: 2_000 })
    stored.keep(short)
    stored.keep(long)
    clock.nowMs += 1_000
    expect([stored.of(short.to), stored.size]).toEqual([[], 2])
    stored.sweep()
    expect([stored.size, stored.bytes, ids(stored.of(long.to))]).toEqual([1, ONE, ids([long])])
  })

  test('are refused over the quota of a sender, of an end, and of all, each with its reason; removed ones make room', () => {
    const secret = createMessageSecret()
    const share = start({ maxMailBytesPerSender: 2 * ONE }).stored
    const kept = message({ secret })
    expect([kept, message({ secret }), message({ secret }), message()].map(share.keep)).toEqual([
      undefined,
      undefined,
      'sender-share',
      undefined,
    ])
    share.remove(kept.id)
    expect(share.keep(message({ secret }))).toBeUndefined()

    const end = start({ maxMailBytesPerEnd: 2 * ONE }).stored
    const { to } = message()
    expect([1, 2, 3].map(() => end.keep({ ...message(), to }))).toEqual([undefined, undefined, 'end-full'])
    expect(end.keep(message())).toBeUndefined()

    const all = start({ maxMailBytes: 2 * ONE }).stored
    expect([1, 2, 3].map(() => all.keep(message()))).toEqual([undefined, undefined, 'full'])
    expect(all.bytes).toBe(2 * ONE)
  })

  test('for a proved receiver take the room of those for made-up ones, oldest first, and never the other way round', () => {
    const to = message().to
    const { stored } = start({ maxMailBytes: 3 * ONE }, [to])
    const madeUp = [message(), message(), message()]
    for (const envelope of madeUp) stored.keep(envelope)
    const real = [1, 2, 3].map(() => ({ ...message(), to }))
    expect(stored.keep(real[0] as (typeof real)[0])).toBeUndefined()
    expect(madeUp.map((envelope) => stored.of(envelope.to).length)).toEqual([0, 1, 1])
    expect(real.slice(1).map(stored.keep)).toEqual([undefined, undefined])
    expect([stored.keep(message()), stored.keep({ ...message(), to })]).toEqual(['full', 'full'])
    expect(ids(stored.of(to))).toEqual(ids(real))
    expect(stored.bytes).toBe(3 * ONE)
  })

  test('that has expired makes room before anybody is refused', () => {
    const { stored, clock } = start({ maxMailBytes: ONE })
    stored.keep(message({ ttlMs: 1_000 }))
    clock.nowMs += 1_000
    expect(stored.keep(message({ ttlMs: 5_000 }))).toBeUndefined()
  })
})

test('stored messages outlive a step of the clock, and end when their time has passed', () => {
  const clock = { nowMs: NOW_MS, passedMs: 5 }
  const roomy = { maxMailBytes: 1e6, maxMailBytesPerEnd: 1e6, maxMailBytesPerSender: 1e6 }
  const stored = createStoredMessages(
    roomy,
    () => false,
    () => clock.nowMs,
    () => clock.passedMs,
  )
  const kept = message({ ttlMs: 2_000 })
  stored.keep(kept)
  clock.nowMs += 86_400_000
  stored.sweep()
  expect(ids(stored.of(kept.to))).toEqual(ids([kept]))
  clock.passedMs += 2_000
  stored.sweep()
  expect(stored.size).toBe(0)
})
