/** A visit to a share in a browser whose storage could not be opened. */

import { expect, onTestFinished, test, vi } from 'vitest'
import { ReceiveVisit } from '../../../browser/sharing/receive-visit.ts'
import type { Sharing } from '../../../node/index.ts'
import { fakeWindow } from '../../helpers/awake-window.ts'
import { MemoryStore } from '../../helpers/memory-store.ts'

test('visit: storage that cannot be opened while the person reads the list is no unhandled rejection', async () => {
  const { window } = fakeWindow()
  vi.stubGlobal('window', window)
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window))
  const unhandled: unknown[] = []
  const onUnhandled = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', onUnhandled)
  const visit = new AbortController()
  onTestFinished(() => {
    visit.abort()
    vi.unstubAllGlobals()
    process.off('unhandledRejection', onUnhandled)
  })
  let tell = () => {}
  const received = { id: 'share', state: 'listed', entries: [], help() {}, tell() {}, onChange: (hear: () => void) => (tell = hear) }
  const files = vi.fn(() => Promise.reject(new TypeError('Failed to fetch dynamically imported module')))
  new ReceiveVisit({
    ...{ link: '/s/share', store: new MemoryStore(), receiver: new Uint8Array(16), label: '', isMetered: false, signal: visit.signal },
    sharing: { receive: () => received } as unknown as Pick<Sharing, 'receive'>,
    library: async () => ({}) as never,
    files,
  })
  tell()
  await new Promise(setImmediate)
  expect([files.mock.calls.length, unhandled]).toEqual([1, []])
})
