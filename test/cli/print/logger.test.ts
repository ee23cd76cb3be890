import { expect, test } from 'vitest'
import { createLogger, formatLogLine } from '../../../node/cli/print/logger.ts'
import { createCollectingStream } from '../../helpers/collecting-stream.ts'

test('logger: writes one JSON object per line to a pipe, from its level up', () => {
  const stream = createCollectingStream()
  const logger = createLogger(stream, 'info')
  logger.debug({ a: 1 }, 'unsaid')
  logger.warn({ key: 'ab', reason: 'timed out' }, 'bad-holder')
  const lines = stream.text().trimEnd().split('\n')
  expect(lines).toHaveLength(1)
  const { time, ...fields } = JSON.parse(lines[0] ?? '')
  expect(fields).toEqual({ level: 'warn', key: 'ab', reason: 'timed out', msg: 'bad-holder' })
  expect(new Date(time).toISOString()).toBe(time)
})

test('logger: writes plain lines to a terminal', () => {
  const stream = createCollectingStream({ isTTY: true })
  createLogger(stream, 'info').warn({ key: 'ab', ms: 5, reason: 'timed out' }, 'bad-holder')
  expect(stream.text()).toMatch(/^\d\d:\d\d:\d\d warn {2}bad-holder key=ab ms=5 reason="timed out"\n$/)
})

test('logger: text from the network can neither begin a line nor control the terminal', () => {
  const line = formatLogLine(JSON.stringify({ time: 0, level: 'info', msg: 'refused', reason: 'a\nb\u001b[2J\u009b' }), false)
  expect(line.split('\n')).toHaveLength(2)
  expect(line).not.toContain('\u001b')
  expect(line).not.toContain('\u009b')
})

test('logger: writes nothing at the level silent', () => {
  const stream = createCollectingStream()
  createLogger(stream, 'silent').fatal('unsaid')
  expect(stream.text()).toBe('')
})

test('logger: an error keeps its message and stack', () => {
  const stream = createCollectingStream()
  createLogger(stream, 'info').error({ error: new TypeError('broken') }, 'failed')
  expect(JSON.parse(stream.text()).error).toMatchObject({
    type: 'TypeError',
    message: 'broken',
    stack: expect.stringContaining('logger.test'),
  })
})
