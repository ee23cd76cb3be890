import { expect, test } from 'vitest'
import { formatStatus } from '../../../node/cli/commands/status-command.ts'

test('status: shows one fact per line, aligned', () => {
  const status = { id: 'a', addresses: ['/x', '/y'], startedAtMs: 0, counts: { tabs: 2 }, limits: { http: { maxOpen: 5 } }, list: [] }
  expect(formatStatus('http://a.example', status).split('\n')).toEqual([
    'gateway              http://a.example',
    'id                   a',
    'addresses            /x',
    '                     /y',
    'started              1970-01-01T00:00:00.000Z',
    'counts.tabs          2',
    'limits.http.maxOpen  5',
  ])
})

test('status: a stranger’s answer is shown as text and nothing more', () => {
  const deep = JSON.parse(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`)
  expect(formatStatus('http://a.example', deep)).toMatch(/a\.a\.a +…$/)
  expect(formatStatus('http://a.example', { startedAtMs: 1e300, x: null, y: [{}] })).toContain('gateway')
})
