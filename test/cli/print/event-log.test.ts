import { expect, test } from 'vitest'
import { logEvents } from '../../../node/cli/print/event-log.ts'
import { createLogger } from '../../../node/cli/print/logger.ts'
import type { PeerEvent } from '../../../node/index.ts'
import { createCollectingStream } from '../../helpers/collecting-stream.ts'

/** A peer as far as a log needs one: its events. */
function createTeller() {
  const listeners = new Set<(event: PeerEvent) => void>()
  return {
    tell: (event: PeerEvent) => {
      for (const listener of listeners) listener(event)
    },
    onEvent(listener: (event: PeerEvent) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

function createLog(options?: Parameters<typeof logEvents>[2]) {
  const stream = createCollectingStream()
  const teller = createTeller()
  const end = logEvents(teller, createLogger(stream, 'debug'), options)
  const lines = () => (stream.text() === '' ? [] : stream.text().trimEnd().split('\n')).map((line) => JSON.parse(line))
  return { ...teller, end, lines }
}

const LIAR: PeerEvent = { type: 'bad-holder', key: 'ab', peer: '12D3a', home: '12D3b', reason: 'wrong bytes' }

test('event log: a bad holder is named, with its home, as a warning', () => {
  const { tell, lines } = createLog()
  tell(LIAR)
  expect(lines()).toMatchObject([{ level: 'warn', msg: 'bad-holder', key: 'ab', peer: '12D3a', home: '12D3b', reason: 'wrong bytes' }])
})

test('event log: a clock that is off is told in words, as a warning, and that it is right again is none', () => {
  const { tell, lines } = createLog()
  tell({ type: 'clock', state: 'wrong', aheadMs: 432_000_000, peers: 2 })
  tell({ type: 'clock', state: 'right', aheadMs: 0, peers: 2 })
  expect(lines()).toMatchObject([
    { level: 'warn', state: 'wrong', aheadMs: 432_000_000, msg: expect.stringContaining('5 d ahead') },
    { level: 'info', state: 'right', msg: "This machine's clock is right." },
  ])
})

test('event log: reads are for debugging only', () => {
  const { tell, lines } = createLog()
  tell({ type: 'served', isDirect: false, key: 'ab', bytes: 1, to: '12D3a' })
  tell({ type: 'fetched', key: 'ab', bytes: 1, from: '12D3a', ms: 1 })
  expect(lines().map(({ level }) => level)).toEqual(['debug', 'debug'])
})

test('event log: a flood of one type fills a bounded number of lines, is counted, and hides no other type', () => {
  let nowMs = 0
  const { tell, lines } = createLog({ maxLinesPerSecond: 3, now: () => nowMs })
  for (let i = 0; i < 1000; i++) tell({ type: 'refused', peer: `12D3c${i}`, reason: 'too many' })
  tell(LIAR)
  expect(lines().map(({ msg }) => msg)).toEqual(['refused', 'refused', 'refused', 'bad-holder'])
  nowMs = 1000
  tell({ type: 'refused', peer: '12D3c', reason: 'too many' })
  expect(lines().slice(4)).toMatchObject([{ leftOut: 997 }, { msg: 'refused' }])
})

test('event log: stops when asked to', () => {
  const { tell, end, lines } = createLog()
  end()
  tell(LIAR)
  expect(lines()).toEqual([])
})
