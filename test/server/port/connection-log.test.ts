import { defaultLogger, disable, enable } from '@libp2p/logger'
import { expect, onTestFinished, test } from 'vitest'
import { createConnectionLog } from '../../../node/server/port/connection-log.ts'

const NAME = 'mayfly:listener:connection'

test('connection log: connections share one logger while their name is not logged, and all scopes in it are the same', () => {
  const connectionLog = createConnectionLog(defaultLogger(), NAME)
  const log = connectionLog()
  expect(connectionLog()).toBe(log)
  expect(log.newScope('inbound').newScope('yamux')).toBe(log)
})

test('connection log: what DEBUG names is logged, by connection and scope', () => {
  const before: unknown = disable()
  onTestFinished(() => enable(String(before ?? '')))
  enable('mayfly:*')
  const lines: string[] = []
  const connectionLog = createConnectionLog(defaultLogger({ onLog: (...line: unknown[]) => lines.push(line.join(' ')) }), NAME)
  const written = process.stderr.write
  onTestFinished(() => {
    process.stderr.write = written
  })
  process.stderr.write = () => true
  connectionLog().newScope('one')('opened')
  connectionLog().newScope('other').error('failed')
  expect(lines.map((line) => /mayfly:\S+/.exec(line)?.[0])).toEqual([`${NAME}:one`, `${NAME}:other:error`])
})
