import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { signTapProof } from '../../../node/messages/format/tap-proof.ts'
import { createMessageSecret, parseEnd } from '../../../node/messages/index.ts'
import type { Answer, RequestStreams } from '../../../node/messages/protocol/request-streams.ts'
import type { MessageFrame } from '../../../node/messages/protocol/wire.ts'
import { createHomeTaps } from '../../../node/messages/routing/home-taps.ts'
import { createSubscriptions, type Subscription } from '../../../node/messages/routing/subscriptions.ts'
import type { TapRule } from '../../../node/messages/types.ts'
import { createSeededPeer } from '../../helpers/seeded-peer.ts'
import { signOpen } from '../../helpers/signed-messages.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

async function start() {
  const { peer: home } = await createSeededPeer(1)
  const told: MessageFrame[] = []
  const asked: ((answer: Answer) => void)[] = []
  const streams: RequestStreams = {
    ask(_, frame, onAnswer) {
      told.push(frame(told.length))
      asked.push(onAnswer)
      return () => {}
    },
    tell: (_, frame) => void told.push(frame),
    stop() {},
  }
  const subscriptions = createSubscriptions()
  const taps = createHomeTaps({
    subscriptions,
    streams,
    home: () => home,
    prove: (secret, to) => signTapProof(secret, to.toMultihash().bytes, 5),
  })
  const heard: string[] = []
  const subscription = (end: string, rules: TapRule[] = [], keeps = false): Subscription => ({
    end: parseEnd(end).key,
    rules,
    keeps,
    proof: undefined,
    since: 0,
    give: () => heard.push(JSON.stringify(rules)),
  })
  const add = (one: Subscription) => {
    subscriptions.add(one)
    return taps.add(one, createMessageSecret())
  }
  return { taps, subscriptions, told, asked, home, subscription, add, heard }
}

const sport: TapRule = { is: { topic: 'sport' } }
const music: TapRule = { is: { topic: 'music' } }

describe('home taps', () => {
  test('the home is told once of an end, whoever in the tab taps it, with all that any of them wants', async () => {
    const { taps, subscriptions, told, subscription, add } = await start()
    const [one, other, all] = [subscription('#wall', [sport]), subscription('#wall', [music], true), subscription('#wall')]
    for (const tap of [one, other, all]) void add(tap)
    expect(told).toMatchObject([
      { type: 'tap', rules: [sport], keeps: false },
      { type: 'tap', rules: [sport, music], keeps: true },
      { type: 'tap', rules: [], keeps: true },
    ])
    for (const tap of [all, other, one]) {
      subscriptions.remove(tap)
      taps.remove(tap)
    }
    expect(told.slice(3)).toMatchObject([
      { type: 'tap', rules: [sport, music] },
      { type: 'tap', rules: [sport] },
      { type: 'untap', end: one.end },
    ])
  })

  test('each hears what its own rules let pass', async () => {
    const { taps, subscription, heard } = await start()
    const envelope = signOpen('#wall', { body: 'x', fields: { topic: 'music' } })
    for (const rules of [[], [sport], [music], [sport, music]]) taps.give(subscription('#wall', rules), envelope)
    expect(heard).toEqual([[], [music], [sport, music]].map((rules) => JSON.stringify(rules)))
  })

  test('what the home refuses is said, and what it takes is', async () => {
    const { asked, subscription, add } = await start()
    const adding = ['#a', '#b', '#c'].map((end) => add(subscription(end)))
    asked[0]?.({ type: 'tapped', sequence: 0, refused: undefined })
    asked[1]?.({ type: 'tapped', sequence: 1, refused: 'taps' })
    asked[2]?.({ type: 'tapped', sequence: 2, refused: 'proof' })
    expect((await Promise.allSettled(adding)).map((result) => (result.status === 'rejected' ? result.reason.code : 'taken'))).toEqual([
      'taken',
      'ERR_LIMIT',
      'ERR_WRONG_KEY',
    ])
  })

  test('a home that cannot be told, or that ends its stream, is told again; one that does not answer is waited for a while only', async () => {
    const { taps, told, asked, home, subscription, add } = await start()
    void add(subscription('#wall'))
    asked[0]?.({ type: 'unreachable', reason: 'no stream' })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(told).toHaveLength(2)
    asked[1]?.({ type: 'tapped', sequence: 1, refused: undefined })
    taps.onChannelEnd(home)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(told).toHaveLength(3)
    let ready = false
    void add(subscription('#other')).then(() => (ready = true))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(ready).toBe(true)
  })

  test('another home is told of all, with a proof for itself; after the stop nobody is', async () => {
    const { taps, subscriptions, told, subscription } = await start()
    const secret = createMessageSecret()
    const proof = signTapProof(secret, new Uint8Array(34), 5)
    for (const one of [{ ...subscription('#wall'), proof }, subscription('#other')]) {
      subscriptions.add(one)
      void taps.add(one, secret)
    }
    taps.onHome()
    expect(told.slice(2)).toMatchObject([
      { type: 'tap', proof: { atMs: 5 } },
      { type: 'tap', proof: undefined },
    ])
    taps.stop()
    taps.onHome()
    expect(told).toHaveLength(4)
  })
})
