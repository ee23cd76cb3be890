import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { signTapProof } from '../../../node/messages/format/proof.ts'
import { createMessageSecret, parseEnd } from '../../../node/messages/index.ts'
import type { RequestAnswer } from '../../../node/messages/protocol/request-streams.ts'
import type { MessageFrame } from '../../../node/messages/protocol/wire.ts'
import { createHomeTaps, type HomeTapsContext } from '../../../node/messages/routing/home-taps.ts'
import { createSubscriptions, type Subscription } from '../../../node/messages/routing/subscriptions.ts'
import type { TapRule } from '../../../node/messages/types.ts'
import { createSeededPeer } from '../../helpers/seeded-peer.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

async function start() {
  const [{ peer: first }, { peer: second }] = [await createSeededPeer(1), await createSeededPeer(2)]
  const told: { to: string; frame: MessageFrame }[] = []
  const answers: ((answer: RequestAnswer) => void)[] = []
  const opening: string[] = []
  const state = { home: first, open: new Set([first.toString(), second.toString()]) }
  const streams: HomeTapsContext['streams'] = {
    request(to, frame, onAnswer) {
      told.push({ to: to.toString(), frame: frame(told.length) })
      answers.push(onAnswer)
      return () => {}
    },
    send: (to, frame) => void told.push({ to: to.toString(), frame }),
    isOpen: (peer) => state.open.has(peer.toString()),
    keepOpen: (peer) => void opening.push(peer.toString()),
  }
  const subscriptions = createSubscriptions()
  const taps = createHomeTaps({
    subscriptions,
    streams,
    home: () => state.home,
    prove: (secret, to) => signTapProof(secret, to.toMultihash().bytes, 5),
  })
  const subscription = (end: string, rules: TapRule[] = [], keeps = false): Subscription => ({
    end: parseEnd(end).key,
    rules,
    keeps,
    proof: undefined,
    since: 0,
    deliver: () => {},
  })
  const add = (one: Subscription) => {
    subscriptions.add(one)
    return taps.add(one, createMessageSecret())
  }
  const remove = (one: Subscription) => {
    subscriptions.remove(one)
    taps.remove(one)
  }
  /** Waits until so much was told. */
  const untilTold = (count: number) => vi.waitFor(() => expect(told).toHaveLength(count), 10_000)
  return { taps, told, answers, opening, state, first, second, subscription, add, remove, untilTold }
}

const sport: TapRule = { is: { topic: 'sport' } }
const music: TapRule = { is: { topic: 'music' } }
const frames = (told: { frame: MessageFrame }[]) => told.map(({ frame }) => frame)

describe('home taps', () => {
  test('the home gets one tap for each end, with all that any tap of the tab wants', async () => {
    const { told, subscription, add, remove, untilTold } = await start()
    const [one, other, all] = [subscription('#wall', [sport]), subscription('#wall', [music], true), subscription('#wall')]
    void add(one)
    await untilTold(1)
    for (const tap of [other, all]) void add(tap)
    expect(frames(told)).toMatchObject([
      { type: 'tap', rules: [sport], keeps: false },
      { type: 'tap', rules: [sport, music], keeps: true },
      { type: 'tap', rules: [], keeps: true },
    ])
    for (const tap of [all, other, one]) remove(tap)
    expect(frames(told.slice(3))).toMatchObject([
      { type: 'tap', rules: [sport, music] },
      { type: 'tap', rules: [sport] },
      { type: 'untap', end: one.end },
    ])
  })

  test("the home's answer settles the tap: taken, too many, or not proved", async () => {
    const { answers, subscription, add, untilTold } = await start()
    const adding = ['#a', '#b', '#c'].map((end) => add(subscription(end)))
    const results = Promise.allSettled(adding)
    await untilTold(3)
    answers[0]?.({ type: 'tapped', sequence: 0, refused: undefined })
    answers[1]?.({ type: 'tapped', sequence: 1, refused: 'taps' })
    answers[2]?.({ type: 'tapped', sequence: 2, refused: 'proof' })
    expect((await results).map((result) => (result.status === 'rejected' ? result.reason.code : 'taken'))).toEqual([
      'taken',
      'ERR_LIMIT',
      'ERR_WRONG_KEY',
    ])
  })

  test('a home whose stream ends gets all taps again on the next one', async () => {
    const { taps, told, opening, state, first, second, subscription, add, untilTold } = await start()
    void add(subscription('#wall'))
    await untilTold(1)
    state.open.clear()
    taps.onStreamEnd(first)
    taps.onStreamEnd(second)
    expect(opening).toEqual([first.toString()])
    state.open.add(first.toString())
    taps.onStream(first)
    expect(frames(told.slice(1))).toMatchObject([{ type: 'tap' }])
  })

  test('a home to which there is no stream gets the taps as soon as there is one', async () => {
    const { taps, told, opening, state, first, subscription, add } = await start()
    state.open.clear()
    void add(subscription('#wall'))
    await vi.waitFor(() => expect(opening).toEqual([first.toString()]), 10_000)
    expect(told).toEqual([])
    taps.onHome()
    expect(opening).toEqual([first.toString(), first.toString()])
    taps.onStream(first)
    expect(told).toHaveLength(1)
  })

  test('a home that does not answer is waited for a while only', async () => {
    const { subscription, add, untilTold } = await start()
    let isReady = false
    void add(subscription('#wall')).then(() => (isReady = true))
    await untilTold(1)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(isReady).toBe(true)
  })

  test('another home gets all taps, with a proof for itself, and the old one gets their end', async () => {
    const { taps, told, state, first, second, subscription, add, untilTold } = await start()
    const proof = signTapProof(createMessageSecret(), new Uint8Array(34), 5)
    for (const one of [{ ...subscription('#wall'), proof }, subscription('#other')]) void add(one)
    await untilTold(2)
    state.home = second
    taps.onHome()
    const since = told.slice(2)
    expect(frames(since.filter(({ to }) => to === second.toString()))).toMatchObject([
      { type: 'tap', proof: { atMs: 5 } },
      { type: 'tap', proof: undefined },
    ])
    expect(frames(since.filter(({ to }) => to === first.toString()))).toMatchObject([{ type: 'untap' }, { type: 'untap' }])
  })

  test('taps are sent again when they are renewed', async () => {
    const { taps, told, subscription, add, untilTold } = await start()
    void add(subscription('#wall'))
    await untilTold(1)
    taps.renew()
    expect(told).toHaveLength(2)
  })
})
