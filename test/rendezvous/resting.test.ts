import { expect, test } from 'vitest'
import { createResting, REST_MS } from '../../node/rendezvous/resting.ts'

function createRested(lease = {}) {
  let nowMs = 1_000_000
  const resting = createResting(
    (peer) => peer === 'far',
    lease,
    () => nowMs,
  )
  const open = (id = 'far', watched: string[] = [], letsRest = true) => {
    const stream = { id, watched: new Set(watched) }
    resting.onGroup(stream, { letsRest })
    return stream
  }
  return {
    resting,
    open,
    pass(ms: number) {
      nowMs += ms
    },
  }
}

test('resting: a stream rests where its server has said so on it, where it is far, and where nothing is watched', () => {
  const { resting, open } = createRested()
  const streams = [open(), open('near'), open('far', ['00']), open('far', [], false), { id: 'far', watched: new Set<string>() }]
  expect(streams.map((stream) => resting.rests(stream))).toEqual([true, false, false, false, false])
})

test('resting: a heartbeat waits for so much longer, and no more, and the next one again', () => {
  const { resting, open, pass } = createRested()
  const stream = open()
  for (let beats = 0; beats < 2; beats++) {
    expect(resting.rests(stream)).toBe(true)
    pass(REST_MS - 1)
    expect(resting.rests(stream)).toBe(true)
    pass(1)
    expect(resting.rests(stream)).toBe(false)
    pass(3_000)
  }
})

test('resting: a server that lets streams rest no longer, since its group has no bits, is asked as often as ever', () => {
  const { resting, open } = createRested()
  const stream = open()
  resting.onGroup(stream, {})
  expect(resting.rests(stream)).toBe(false)
})

test('resting: a stream over which leases were told rests again when they have run out by every clock, and not before', () => {
  const { resting, open, pass } = createRested({ lifetimeMs: 60_000, maxSkewMs: 5_000 })
  const stream = open()
  resting.onHold(stream)
  expect(resting.rests(stream)).toBe(false)
  pass(64_999)
  expect(resting.rests(stream)).toBe(false)
  pass(1)
  expect(resting.rests(stream)).toBe(true)
})
