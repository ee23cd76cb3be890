import { expect, test } from 'vitest'
import { createWrittenEntries } from '../../../node/server/store/written-entries.ts'
import { entryOf } from '../../helpers/outbox-store-suite.ts'

const sized = (byte: number, bytes: number) => entryOf(byte, { envelope: new Uint8Array(bytes) })

test('written entries: those written longest ago go when the envelopes of all have more bytes than they may', () => {
  const entries = createWrittenEntries({ maxBytes: 300 })
  for (let byte = 1; byte <= 4; byte++) entries.add(sized(byte, 100))
  expect(entries.take(sized(1, 0).id)).toBeUndefined()
  expect(entries.take(sized(2, 0).id)).toEqual(sized(2, 100))
  entries.add(sized(3, 150)) // in place of the one of 100
  entries.add(sized(5, 50))
  for (const [byte, bytes] of [
    [4, 100],
    [3, 150],
    [5, 50],
  ] as const)
    expect(entries.take(sized(byte, 0).id)).toEqual(sized(byte, bytes))
  entries.add(sized(6, 301))
  expect(entries.take(sized(6, 0).id)).toBeUndefined()
})

test('written entries: those written longest ago go when there are too many, and their bytes with them', () => {
  const entries = createWrittenEntries({ maxEntries: 2, maxBytes: 200 })
  for (let byte = 1; byte <= 20; byte++) entries.add(sized(byte, 100))
  expect([18, 19, 20].map((byte) => entries.take(sized(byte, 0).id)?.id[0])).toEqual([undefined, 19, 20])
})
