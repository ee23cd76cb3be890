import { expect, onTestFinished, test, vi } from 'vitest'
import type { OutlinedContent } from '../../../node/content/format/outline.ts'
import { createPieceFetcher, MAX_FOLLOWED_SWARMS } from '../../../node/content/swarm/piece-fetcher.ts'

/** Content of two pieces, by its number. */
function contentOf(number: number): OutlinedContent {
  const key = new Uint8Array(32)
  new DataView(key.buffer).setUint32(0, number)
  const outline = { size: 3, pieceBytes: 2, hashes: new Uint8Array(64) }
  return { key, outline, outlineBytes: new Uint8Array(), outlineHash: key }
}

test('piece fetcher: tabs of so many contents are followed for others at most, and another once nobody follows one of them', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const unused = () => Promise.reject(new Error('nobody is there to ask'))
  const fetcher = createPieceFetcher({
    client: { requestPiece: unused, follow: unused },
    fetcher: { async *candidates() {}, distrust() {} },
    cache: undefined,
    hasTabs: () => true,
    onCount: () => () => {},
    onReceived: () => {},
  })
  onTestFinished(fetcher.stop)
  const feeds = Array.from({ length: MAX_FOLLOWED_SWARMS }, (_, number) => fetcher.feedOfTabs(contentOf(number)))
  expect(feeds.every((feed) => feed?.pieces.count === 2)).toBe(true)
  const ends = feeds.map((feed) => feed?.onPiece(() => {}))
  expect(fetcher.feedOfTabs(contentOf(MAX_FOLLOWED_SWARMS))).toBeUndefined()
  expect(fetcher.feedOfTabs(contentOf(0))).toBeDefined()
  ends[1]?.()
  vi.advanceTimersByTime(60_000)
  expect(fetcher.feedOfTabs(contentOf(MAX_FOLLOWED_SWARMS))).toBeDefined()
})
