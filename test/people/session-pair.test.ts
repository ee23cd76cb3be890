import { describe, expect, test } from 'vitest'
import type { Session } from '../../node/people/way/types.ts'
import { createSessionPair } from '../helpers/session-pair.ts'
import { waitFor } from '../helpers/wait-for.ts'

function listen(session: Session) {
  const heard = { frames: [] as unknown[], ends: [] as (Error | undefined)[] }
  session.onFrame((frame) => heard.frames.push(frame))
  session.onEnd((reason) => heard.ends.push(reason))
  return heard
}

describe('two sessions joined in memory', () => {
  test('frames come in a later turn, in order, and all of them before the end', async () => {
    const { opener, accepter } = createSessionPair()
    const heard = listen(accepter)
    const own = listen(opener)
    for (let i = 0; i < 3; i++) opener.send([1, i, new Uint8Array([i])])
    opener.close()
    expect(heard.frames).toEqual([])
    await waitFor(
      () => heard.ends.length > 0,
      5_000,
      () => 'the frames and the end',
    )
    expect(heard.frames).toEqual([0, 1, 2].map((i) => [1, i, new Uint8Array([i])]))
    expect([heard.ends, own.ends, accepter.open]).toEqual([[undefined], [undefined], false])
  })

  test('a paused reader makes the sender wait, and a sender that does not wait is ended', async () => {
    const { opener, accepter } = createSessionPair({ windowBytes: 100, maxUnsentBytes: 1_000 })
    const heard = listen(accepter)
    const own = listen(opener)
    accepter.pause()
    opener.send([1, new Uint8Array(200)])
    let isWritable = false
    const writable = opener.writable().then((is) => {
      isWritable = is
    })
    await new Promise(setImmediate)
    expect([isWritable, heard.frames.length]).toEqual([false, 0])
    accepter.resume()
    await writable
    expect([isWritable, heard.frames.length]).toEqual([true, 1])
    accepter.pause()
    expect(opener.send([1, new Uint8Array(2_000)])).toBe(false)
    expect(own.ends).toMatchObject([{ code: 'ERR_LIMIT' }])
  })

  test('a cut loses what is under way, and both ends hear of it; in a freeze nobody hears anything', async () => {
    const pair = createSessionPair()
    const [one, other] = [listen(pair.opener), listen(pair.accepter)]
    pair.freeze()
    pair.opener.send([1])
    await new Promise(setImmediate)
    expect(other).toEqual({ frames: [], ends: [] })
    pair.thaw()
    await waitFor(
      () => other.frames.length === 1,
      5_000,
      () => 'the frames and the end',
    )
    pair.opener.send([2])
    pair.cut()
    await waitFor(
      () => one.ends.length + other.ends.length === 2,
      5_000,
      () => 'the frames and the end',
    )
    expect([one.ends[0]?.message, other.ends[0]?.message, other.frames]).toEqual(['the network was cut', 'the network was cut', [[1]]])
  })

  test('a listener that throws ends its session, and the other hears of it', async () => {
    const { opener, accepter } = createSessionPair()
    const own = listen(opener)
    const heard = listen(accepter)
    accepter.onFrame(() => {
      throw new Error('a bad frame')
    })
    opener.send([1])
    await waitFor(
      () => own.ends.length === 1,
      5_000,
      () => 'the frames and the end',
    )
    expect([heard.ends[0]?.message, opener.open]).toEqual(['a bad frame', false])
  })
})
