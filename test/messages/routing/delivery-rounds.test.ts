import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { encodeKeyHex } from '../../../node/keys/index.ts'
import type { Envelope } from '../../../node/messages/index.ts'
import { type DeliveryProgress, NO_PROGRESS } from '../../../node/messages/protocol/wire.ts'
import { createDeliveryRounds } from '../../../node/messages/routing/delivery-rounds.ts'
import { createSeededPeer } from '../../helpers/seeded-peer.ts'
import { signMadeUp } from '../../helpers/signed-messages.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const END = new Uint8Array(32)
const TAKEN: DeliveryProgress = { ...NO_PROGRESS, taps: 1, keepers: 1 }
const BUSY: DeliveryProgress = { ...NO_PROGRESS, refusal: { reason: 'sender-rate', retryAfterMs: 1_000 } }

async function start(count: number) {
  const { peer: home } = await createSeededPeer(1)
  const messages = new Map(Array.from({ length: count }, () => signMadeUp()).map((envelope) => [encodeKeyHex(envelope.id), envelope]))
  const asked: { envelope: Envelope; reply(progress: DeliveryProgress | undefined): void }[] = []
  const rounds = createDeliveryRounds(
    { ids: () => [...messages.keys()], get: (id) => messages.get(id) },
    (envelope, _, reply) => void asked.push({ envelope, reply }),
  )
  /** Answers all that is asked until nothing more is; how many were. */
  const answerAll = (progress: DeliveryProgress | undefined): number => {
    let answered = 0
    for (let next = asked.shift(); next !== undefined; next = asked.shift()) {
      answered++
      next.reply(progress)
    }
    return answered
  }
  return { rounds, home, messages, asked, answerAll }
}

describe('delivery rounds', () => {
  test('bring all of it, a little at a time, and nothing twice', async () => {
    const { rounds, home, asked, answerAll } = await start(200)
    rounds.begin(END, home)
    expect(asked.length).toBe(64)
    expect(answerAll(TAKEN)).toBe(200)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('bring again what the home cannot take now, when it says so, and not what was receipted meanwhile', async () => {
    const { rounds, home, messages, asked, answerAll } = await start(3)
    rounds.begin(END, home)
    const [first, second] = asked.splice(0, 2) as [(typeof asked)[number], (typeof asked)[number]]
    first.reply(TAKEN)
    second.reply(BUSY)
    expect(answerAll(BUSY)).toBe(1)
    messages.delete(encodeKeyHex(second.envelope.id))
    vi.advanceTimersByTime(999)
    expect(asked).toEqual([])
    vi.advanceTimersByTime(1)
    expect(answerAll(TAKEN)).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('give up a home that cannot be asked, and one that refuses for ever', async () => {
    const { rounds, home, answerAll } = await start(100)
    rounds.begin(END, home)
    expect(answerAll(undefined)).toBe(64)
    expect(vi.getTimerCount()).toBe(0)
    rounds.begin(END, home)
    let passes = 0
    while (answerAll(BUSY) > 0) {
      passes++
      vi.advanceTimersByTime(10_000)
    }
    expect(passes).toBe(32)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('are one at a time for an end and its home; one requested meanwhile follows', async () => {
    const { rounds, home, asked, answerAll } = await start(1)
    rounds.begin(END, home)
    rounds.begin(END, home)
    expect(asked.length).toBe(1)
    expect(answerAll(TAKEN)).toBe(2)
  })

  test('end with the node', async () => {
    const { rounds, home, asked, answerAll } = await start(100)
    rounds.begin(END, home)
    asked[0]?.reply(BUSY)
    rounds.stop()
    answerAll(TAKEN)
    expect([asked.length, vi.getTimerCount()]).toEqual([0, 0])
  })
})
