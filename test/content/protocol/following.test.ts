/** Following the pieces of another peer over a stream. */

import type { Connection, Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { beforeAll, expect, test } from 'vitest'
import { createByteRate } from '../../../node/async/byte-rate.ts'
import { type PieceFeed, PieceSet } from '../../../node/content/format/piece-set.ts'
import { followPieces } from '../../../node/content/protocol/content-client.ts'
import { serveContent } from '../../../node/content/protocol/content-server.ts'
import { createContentStream } from '../../../node/content/protocol/content-streams.ts'
import type { ContentFrame } from '../../../node/content/protocol/wire.ts'
import { addressOfKind } from '../../helpers/connection-address.ts'
import { CONTENT_CODEC, createRawStream } from '../../helpers/raw-stream.ts'
import { createSeededPeer, type SeededPeer } from '../../helpers/seeded-peer.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const CONTENT = { key: new Uint8Array(32).fill(1), outline: new Uint8Array(32).fill(2), pieceCount: 20 }

let reader: SeededPeer
beforeAll(async () => {
  reader = await createSeededPeer(1)
})

/** Pieces that come when the test adds them. */
function createFeed(...there: number[]) {
  const pieces = new PieceSet(CONTENT.pieceCount)
  for (const index of there) pieces.add(index)
  const listeners = new Set<(index: number | undefined) => void>()
  const feed: PieceFeed = {
    pieces,
    onPiece(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  return {
    feed,
    listeners,
    add(index: number) {
      pieces.add(index)
      for (const listener of [...listeners]) listener(index)
    },
    end() {
      for (const listener of [...listeners]) listener(undefined)
    },
  }
}

/** A client that follows, and a server with the feed. */
async function createFollower(feedOf: () => PieceFeed | undefined) {
  const [outbound, inbound] = await streamPair({ delay: 0 })
  serveContent(inbound, { remotePeer: reader.peer, remoteAddr: addressOfKind('socket') } as unknown as Connection, {
    content: { read: async () => ({ bytes: new Uint8Array() }), readPiece: async () => new Uint8Array(), follow: async () => feedOf() },
    rate: createByteRate({ bytesPerSecond: () => 0 }),
    onServed: () => {},
  })
  return follower(outbound)
}

function follower(outbound: Stream) {
  const connection = { direction: 'outbound', remoteAddr: addressOfKind('socket') } as unknown as Connection
  const stream = createContentStream({ peer: reader.peer, stream: outbound, connection, addresses: [], onEnd: () => {} })
  /** The pieces of each frame. */
  const reports: number[][] = []
  const follow = (signal: AbortSignal = AbortSignal.timeout(10_000), stallMs = 5_000) =>
    followPieces(Promise.resolve(stream), CONTENT, (indexes) => reports.push(indexes), stallMs, { signal })
  return { stream, reports, follow }
}

test('following: reports the pieces that are there, then those that come, several at once, and ends when all are there', async () => {
  const { feed, listeners, add } = createFeed(3, 19)
  const { reports, follow } = await createFollower(() => feed)
  const end = follow()
  await waitFor(() => reports.length === 1, 5_000, 'the pieces that are there')
  expect(reports).toEqual([[3, 19]])
  for (let index = 0; index < 19; index++) if (index !== 3) add(index)
  expect(await end).toEqual({ isComplete: true })
  expect(reports.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index))
  expect(reports).toHaveLength(3)
  expect(listeners.size).toBe(0)
})

test('following: is refused when there is nothing, or nothing any more', async () => {
  const { feed, end } = createFeed(1)
  let isThere = false
  const { reports, follow } = await createFollower(() => (isThere ? feed : undefined))
  expect(await follow()).toEqual({ none: 'not-held' })
  isThere = true
  const ended = follow()
  await waitFor(() => reports.length === 1, 5_000, 'the piece that is there')
  end()
  expect(await ended).toEqual({ none: 'not-held' })
})

test('following: ends at the server when it is cancelled, and when the stream ends', async () => {
  const { feed, listeners } = createFeed(1)
  const { stream, reports, follow } = await createFollower(() => feed)
  const controller = new AbortController()
  const first = follow(controller.signal)
  follow().catch(() => {})
  await waitFor(() => reports.length === 2 && listeners.size === 2, 5_000, 'both reports')
  controller.abort(new Error('enough'))
  await expect(first).rejects.toThrow('enough')
  await waitFor(() => listeners.size === 1, 5_000, 'one has ended')
  stream.close()
  await waitFor(() => listeners.size === 0, 5_000, 'both have ended')
})

test('following: more contents than one stream may follow are refused, and the others go on', async () => {
  const { feed, listeners } = createFeed(1)
  const { follow } = await createFollower(() => feed)
  const ends: unknown[] = []
  for (let i = 0; i < 66; i++)
    void follow().then(
      (end) => ends.push(end),
      () => {},
    )
  await waitFor(() => ends.length === 2, 5_000, 'the refusals')
  expect(ends).toEqual([{ none: 'busy' }, { none: 'busy' }])
  expect(listeners.size).toBe(64)
})

const bitmap = new PieceSet(20).encode()
test.each<[string, ContentFrame[]]>([
  ['a bitmap of another length', [{ type: 'pieces', id: 1, bitmap: new Uint8Array(2) }]],
  ['a bitmap with a piece behind the last', [{ type: 'pieces', id: 1, bitmap: Uint8Array.of(0, 0, 1) }]],
  ['two bitmaps', [{ type: 'pieces', id: 1, bitmap }, { type: 'pieces', id: 1, bitmap }]], // biome-ignore format: one case, one line
  ['no bitmap before what comes', [{ type: 'more-pieces', id: 1, indexes: [1] }]],
  ['a piece behind the last', [{ type: 'pieces', id: 1, bitmap }, { type: 'more-pieces', id: 1, indexes: [20] }]], // biome-ignore format: one case, one line
  ['a piece twice', [{ type: 'pieces', id: 1, bitmap }, { type: 'more-pieces', id: 1, indexes: [4, 4] }]], // biome-ignore format: one case, one line
])('following: %s breaks the rules, and is cancelled', async (_, answer) => {
  const [outbound, inbound] = await streamPair({ delay: 0 })
  const { received } = createRawStream(inbound, CONTENT_CODEC, (frame, { send }) => {
    if (frame.type === 'follow-pieces') answer.forEach(send)
  })
  expect(await follower(outbound).follow()).toHaveProperty('broken')
  await waitFor(() => received.some(({ type }) => type === 'cancel'), 5_000, 'it is cancelled')
})

test('following: a peer that never replies is given up', async () => {
  const [outbound] = await streamPair({ delay: 0 })
  expect(await follower(outbound).follow(undefined, 20)).toHaveProperty('broken')
})
