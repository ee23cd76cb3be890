import { describe, expect, onTestFinished, test } from 'vitest'
import { createPeerAdmission, type PeerAdmissionOptions } from '../../../node/messages/admission/peer-admission.ts'
import { waitFor } from '../../helpers/wait-for.ts'

interface Entered {
  name: string
  answer(): void
}

/** An admission whose time stands still until it is moved, and the messages it admitted. */
function start(options: PeerAdmissionOptions = {}) {
  const entered: Entered[] = []
  let nowMs = 0
  const admission = createPeerAdmission(() => nowMs, { placeMs: 60_000, ownBurst: 10_000, minAlone: 0, ...options })
  const peers: object[] = []
  // Messages that still wait enter no more: the process goes on with the tests of other files.
  onTestFinished(() => peers.forEach(admission.remove))
  const nameOf = (peer: object) => (peers.includes(peer) ? peers.indexOf(peer) : peers.push(peer) - 1)
  const push = (peer: object, name: string, { line = '', end = 'end', bytes = 1 } = {}) =>
    admission.push(peer, { peer: `${nameOf(peer)}`, line, end, bytes, enter: (answer) => entered.push({ name, answer }) })
  const names = () => entered.map(({ name }) => name)
  /** The next that was not answered yet is, after so long. */
  let answered = 0
  const answer = (afterMs: number) => {
    nowMs += afterMs
    entered[answered++]?.answer()
  }
  /** All that are on their way, which takes each of them so long. */
  const answerAll = (tookMs: number) => {
    nowMs += tookMs
    const now = entered.slice(answered)
    answered = entered.length
    for (const one of now) one.answer()
  }
  return { admission, entered, names, push, answer, answerAll }
}

describe('admission', () => {
  test('a few of each peer enter at once, however many wait of another', () => {
    const { names, push } = start({ ownPlaces: 2, minShared: 1, maxShared: 1 })
    const [loud, quiet] = [{}, {}]
    for (let i = 0; i < 100; i++) push(loud, `loud ${i}`)
    push(quiet, 'quiet 0')
    push(quiet, 'quiet 1')
    expect(names()).toEqual(['loud 0', 'loud 1', 'loud 2', 'quiet 0', 'quiet 1'])
  })

  test('peers with more messages take turns, and so do the lines of one peer', () => {
    const { names, push, answer } = start({ ownPlaces: 0, minShared: 1, maxShared: 1 })
    const [loud, other] = [{}, {}]
    for (let i = 0; i < 3; i++) push(loud, `loud ${i}`, { line: 'loud' })
    push(loud, 'beside', { line: 'beside' })
    for (let i = 0; i < 2; i++) push(other, `other ${i}`)
    for (let i = 0; i < 6; i++) answer(1)
    expect(names()).toEqual(['loud 0', 'loud 1', 'other 0', 'beside', 'other 1', 'loud 2'])
  })

  test('an answered message frees its own place for the next of the same peer', () => {
    const { admission, names, push, answer } = start({ ownPlaces: 1, minShared: 0, maxShared: 0 })
    const [peer, other] = [{}, {}]
    for (let i = 0; i < 3; i++) push(peer, `${i}`)
    push(other, 'other')
    expect(names()).toEqual(['0', 'other'])
    answer(1)
    expect(names()).toEqual(['0', 'other', '1'])
    expect(admission.fullness(peer)).toBe(1 / 1_024)
  })

  test('the more are answered as soon as ever, the more enter at once; late answers make them fewer again, to no less than there must be', () => {
    const { admission, push, answerAll } = start({ ownPlaces: 1, minShared: 1, maxShared: 8 })
    const peer = {}
    for (let i = 0; i < 1_000; i++) push(peer, `${i}`)
    for (let i = 0; i < 40; i++) answerAll(20)
    expect(admission.shared).toBe(8)
    for (let i = 0; i < 20; i++) answerAll(200)
    expect(admission.shared).toBe(1)
  })

  test('when answers come one after the other, only enough messages enter to keep the receiver busy', () => {
    const { admission, push, answer } = start({ ownPlaces: 1, minShared: 1, maxShared: 64 })
    const peer = {}
    for (let i = 0; i < 1_000; i++) push(peer, `${i}`)
    for (let i = 0; i < 900; i++) answer(10)
    expect(admission.shared).toBeGreaterThanOrEqual(1)
    expect(admission.shared).toBeLessThan(4)
  })

  test('an end that is further away than another is compared with itself', () => {
    const { admission, push, answerAll } = start({ ownPlaces: 0, minShared: 1, maxShared: 8 })
    const peer = {}
    for (let i = 0; i < 500; i++) push(peer, `${i}`, { end: i < 4 ? 'near' : 'far' })
    for (let i = 0; i < 3; i++) answerAll(20)
    for (let i = 0; i < 40; i++) answerAll(200)
    expect(admission.shared).toBe(8)
  })

  test("own places admit no more than a peer's long-term rate, over all its streams; other messages wait, or take shared places", async () => {
    const slow = start({ ownPlaces: 5, ownBurst: 2, ownPerSecond: 1_000, minShared: 0, maxShared: 0 })
    const peer = {}
    for (let i = 0; i < 4; i++) slow.push(peer, `${i}`)
    expect(slow.names()).toEqual(['0', '1'])
    slow.answer(2)
    expect(slow.names()).toEqual(['0', '1']) // a timer admits them later
    await waitFor(() => slow.names().length === 4, 5_000, 'the others have entered')
    const fast = start({ ownPlaces: 5, ownBurst: 2, ownPerSecond: 1_000, minShared: 1, maxShared: 1 })
    for (let i = 0; i < 4; i++) fast.push(peer, `${i}`)
    expect(fast.names()).toEqual(['0', '1', '2'])
  })

  test('a lone sender has some shared places, however late its answers are, until another one comes, here or elsewhere', () => {
    for (const comes of ['here', 'elsewhere']) {
      const { admission, push, answerAll } = start({ ownPlaces: 1, minShared: 0, maxShared: 8, minAlone: 4, aloneAfterMs: 2_000 })
      const peer = {}
      for (let i = 0; i < 500; i++) push(peer, `${i}`)
      for (let i = 0; i < 10; i++) answerAll(100 * (i + 1) ** 2)
      expect(admission.shared).toBe(4)
      if (comes === 'here') push({}, 'other')
      else admission.noteOthers()
      expect(admission.shared).toBe(0)
    }
  })

  test('an unanswered message frees its place after its time, once', async () => {
    const { entered, names, push } = start({ ownPlaces: 1, minShared: 0, maxShared: 0, placeMs: 5 })
    const peer = {}
    for (let i = 0; i < 3; i++) push(peer, `${i}`)
    await waitFor(() => entered.length === 3, 5_000, 'all have entered')
    for (const { answer } of entered) answer()
    for (let i = 3; i < 6; i++) push(peer, `${i}`)
    expect(names()).toEqual(['0', '1', '2', '3'])
  })

  test('how full it is of a peer is by number or by bytes, whichever is more', () => {
    const { admission, push } = start({ ownPlaces: 0, minShared: 0, maxShared: 0, maxWaiting: 10, maxWaitingBytes: 100 })
    const [many, heavy] = [{}, {}]
    for (let i = 0; i < 4; i++) push(many, `${i}`)
    push(heavy, 'heavy', { bytes: 70 })
    expect([many, heavy, {}].map((peer) => admission.fullness(peer))).toEqual([0.4, 0.7, 0])
  })

  test('over so many of one peer, or so many bytes, none is taken', () => {
    const { push } = start({ ownPlaces: 0, minShared: 0, maxShared: 0, maxWaiting: 2, maxWaitingBytes: 100 })
    const [many, heavy] = [{}, {}]
    expect([1, 2, 3].map(() => push(many, 'x'))).toEqual([true, true, false])
    expect([60, 60, 40].map((bytes) => push(heavy, 'x', { bytes }))).toEqual([true, false, true])
  })

  test('a peer that is removed enters no more, and answers to what it had under way change nothing', () => {
    const { admission, names, push, answer } = start({ ownPlaces: 1, minShared: 0, maxShared: 0 })
    const peer = {}
    for (let i = 0; i < 3; i++) push(peer, `${i}`)
    admission.remove(peer)
    answer(1)
    expect(names()).toEqual(['0'])
    push(peer, 'again')
    expect(names()).toEqual(['0', 'again'])
  })
})
