/** One transfer, and the buttons that are pressed while it still stops. */

import { expect, test } from 'vitest'
import { Cell } from '../../../browser/cell.ts'
import { Transfer } from '../../../browser/transfer/transfer.ts'

test('transfer: one that is resumed while it still stops goes on when it has stopped', async () => {
  const waits: { signal: AbortSignal; fail(error: unknown): void }[] = []
  const session = {
    connection: new Cell({ state: 'joined' }),
    joined: ({ signal }: { signal: AbortSignal }) => new Promise<void>((_, fail) => waits.push({ signal, fail })),
  }
  const plan = { hash: 'ab', label: 'a file', files: [{ hash: 'ab', path: 'a', size: 1 }] }
  const transfer = new Transfer({ plan, session, holdings: {}, files: {} } as never)
  transfer.start()
  const pausing = transfer.pause()
  transfer.start()
  expect(waits).toHaveLength(1)
  waits[0]?.fail(waits[0].signal.reason)
  await pausing
  expect(waits.map(({ signal }) => signal.aborted)).toEqual([true, false])
  expect(transfer.state.get().phase).toBe('running')
  const again = transfer.pause()
  waits[1]?.fail(waits[1].signal.reason)
  await again
  expect(transfer.state.get().phase).toBe('paused')
})
