import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createOutput } from '../../../node/cli/print/output.ts'
import { createShareReport } from '../../../node/cli/share/share-report.ts'
import type { ShareEntry, ShareReceiver } from '../../../node/index.ts'
import { createCollectingStream } from '../../helpers/collecting-stream.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const MIB = 1_048_576

function entryOf(id: number, change: Partial<ShareEntry> = {}): ShareEntry {
  const hash = '0'.repeat(64)
  return {
    id,
    kind: 'file',
    path: `file ${id}`,
    size: MIB,
    mediaType: '',
    modifiedMs: undefined,
    state: 'ready',
    text: undefined,
    hash,
    ...change,
  }
}

function receiverOf(change: Partial<ShareReceiver> = {}): ShareReceiver {
  const nothing = { received: new Map(), saved: new Set<number>(), taken: undefined }
  return { id: '0'.repeat(32), label: 'Firefox on Linux', state: 'looking', way: 'direct', ...nothing, ...change }
}

function createReport({ json = false, columns = 80 } = {}) {
  const [stdout, stderr] = [createCollectingStream(), createCollectingStream({ isTTY: true, columns })]
  const share: { entries: ShareEntry[]; receivers: ShareReceiver[] } = { entries: [entryOf(1), entryOf(2)], receivers: [] }
  let nowMs = 0
  const output = createOutput({ stdout, stderr, json })
  const report = createShareReport({ share, output, now: () => nowMs })
  return {
    share,
    report,
    said: () => stderr.text(),
    events: () =>
      stdout
        .text()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    pass(ms: number) {
      nowMs += ms
      vi.advanceTimersByTime(ms)
    },
  }
}

test('share report: a line for each receiver, with its way, the part done, the speed and the time left', () => {
  const { share, report, said, pass } = createReport()
  share.receivers = [receiverOf()]
  report.update()
  expect(said()).toContain('Firefox on Linux looks at the list\n')
  const taken = new Set([1, 2])
  share.receivers = [receiverOf({ state: 'receiving', taken, way: 'relayed' }), receiverOf({ id: '1'.repeat(32), label: 'another' })]
  report.update()
  pass(200)
  share.receivers = [receiverOf({ state: 'receiving', taken, way: 'relayed', saved: new Set([1]), received: new Map([[2, 0]]) })]
  report.update()
  pass(200)
  expect(said()).toContain('Firefox on Linux (relayed)  50% of 2.0 MiB  2.5 MiB/s  0:01 left')
  share.receivers = [receiverOf({ state: 'done', taken, saved: taken })]
  report.update()
  expect(said()).toContain('Firefox on Linux has everything that it took: 2 files, 2.0 MiB\n')
  report.end()
})

test.each([
  [60, 'Firefox on Linux  50% of 2.0 MiB  2.5 MiB/s  0:01 left'],
  [40, 'Firefox on …  50% of 2.0 MiB  2.5 MiB/s'],
  [20, 'Fi…  50% of 2.0 MiB'],
])('share report: on %i columns the last facts are left out, and none is cut', (columns, line) => {
  const { share, report, said, pass } = createReport({ columns })
  const taken = new Set([1, 2])
  share.receivers = [receiverOf({ state: 'receiving', taken, way: 'relayed' })]
  report.update()
  pass(200)
  share.receivers = [receiverOf({ state: 'receiving', taken, way: 'relayed', saved: new Set([1]), received: new Map([[2, 0]]) })]
  report.update()
  pass(200)
  const drawn = said()
    .split(/[\r\n]|\u001b\[K/)
    .filter((each) => each.includes('% of'))
  expect(drawn.at(-1)).toBe(line)
  report.end()
})

test('share report: a file that has changed is told, once', () => {
  const { share, report, said } = createReport()
  share.entries = [entryOf(1, { state: 'reading', hash: undefined }), entryOf(2)]
  report.update()
  share.entries = [entryOf(1), entryOf(2)]
  report.update()
  share.entries = [entryOf(1, { state: 'failed' }), entryOf(2)]
  report.update()
  report.update()
  expect(said().match(/No longer sharing file 1: it has changed/g)).toHaveLength(1)
  report.end()
})

test('share report: programs get events, and a receiver’s bytes once a second at most', () => {
  const { share, report, events, said, pass } = createReport({ json: true })
  const taken = new Set([1])
  for (let i = 0; i <= 25; i++) {
    share.receivers = [receiverOf({ state: 'receiving', taken, received: new Map([[1, i * 1_000]]) })]
    report.update()
    pass(100)
  }
  report.end()
  expect(events()).toEqual([
    { type: 'entry', entry: 1, path: 'file 1', size: MIB, state: 'ready' },
    { type: 'entry', entry: 2, path: 'file 2', size: MIB, state: 'ready' },
    { type: 'receiver', receiver: '0'.repeat(32), label: 'Firefox on Linux', state: 'receiving', way: 'direct', bytes: 0, saved: 0 },
    { type: 'ready' },
    { type: 'progress', receiver: '0'.repeat(32), bytes: 10_000, total: MIB },
    { type: 'progress', receiver: '0'.repeat(32), bytes: 20_000, total: MIB },
  ])
  expect(said()).toBe('')
})
