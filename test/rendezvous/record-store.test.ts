import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { createRecordStore, type HolderRecord, type RecordStoreOptions } from '../../node/rendezvous/record-store.ts'

const KEY = new Uint8Array(32).fill(1)
const OTHER_KEY = new Uint8Array(32).fill(2)

/** A store on a clock that stands still until it is set. */
function createStore(options: Partial<RecordStoreOptions> = {}, random = Math.random) {
  const clock = { nowMs: 1_000 }
  const store = createRecordStore({ maxRecords: 1_000, maxRecordsPerKey: 100, ...options }, () => clock.nowMs, random)
  return { store, clock }
}

const SOURCE = {}
const record = (holder: string, more: Partial<HolderRecord> = {}): HolderRecord => ({
  key: KEY,
  holder,
  home: `home of ${holder}`,
  expiresAtMs: 2_000,
  lease: Uint8Array.of(1),
  source: SOURCE,
  ...more,
})
const holders = (records: HolderRecord[]) => records.map(({ holder }) => holder).toSorted()

test('record-store: counts each holder once, whatever it says and how often', () => {
  const { store } = createStore()
  for (let i = 0; i < 3; i++) expect(store.put(record('a'))).toBeUndefined()
  store.put(record('b'))
  expect(store.count(KEY)).toBe(2)
  expect(store.size).toBe(2)
  expect(store.count(OTHER_KEY)).toBe(0)
})

test('record-store: holders with one mark are one person at that key, as long as one of them is there', () => {
  const { store, clock } = createStore()
  store.put(record('a', { mark: 'm' }))
  store.put(record('b', { mark: 'm', expiresAtMs: 1_500 }))
  store.put(record('c'))
  store.put(record('d', { mark: 'n' }))
  store.put(record('a', { key: OTHER_KEY, mark: 'm' }))
  expect([store.count(KEY), store.people(KEY), store.people(OTHER_KEY)]).toEqual([4, 3, 1])
  store.put(record('a', { mark: 'm' })) // renewed
  expect(store.people(KEY)).toBe(3)
  let changes = 0
  store.onChange(KEY, () => changes++)
  store.put(record('d', { mark: 'm' }))
  expect([store.count(KEY), store.people(KEY), changes]).toEqual([4, 2, 1])
  clock.nowMs = 1_500
  expect([store.count(KEY), store.people(KEY)]).toEqual([3, 2])
  store.removeSource(SOURCE)
  expect([store.count(KEY), store.people(KEY)]).toEqual([0, 0])
})

test('record-store: one copy of a content stays while a record has it, whoever brought it', () => {
  const { store, clock } = createStore()
  const content = Uint8Array.of(1, 2, 3)
  const one = { peer: 'one' }
  store.put(record('a', { source: one, content, expiresAtMs: 1_500 }))
  store.put(record('b', { content: content.slice(), expiresAtMs: 1_600 }))
  store.put(record('c'))
  expect(store.contentOf(KEY)).toBe(content)
  store.put(record('a', { source: one, expiresAtMs: 1_700 })) // renewed without it
  store.remove(KEY, 'b', SOURCE)
  expect(store.contentOf(KEY)).toBe(content)
  store.forgetContents(one)
  expect([store.contentOf(KEY), store.count(KEY)]).toEqual([undefined, 2])
  store.put(record('a', { source: one, content, expiresAtMs: 1_700 }))
  expect(store.contentOf(KEY)).toBe(content)
  clock.nowMs = 1_700
  expect([store.contentOf(KEY), store.count(KEY)]).toEqual([undefined, 1])
})

test('record-store: a content ends with the stream that brought it, and with no other that stands for its record', () => {
  const { store } = createStore()
  const [home, carrier] = [{ peer: 'home' }, { peer: 'carrier' }]
  const content = Uint8Array.of(1)
  const put = (source: object, more: Partial<HolderRecord> = {}) =>
    store.put({ ...record('a', { source, ...more }), isCarried: source === carrier })
  put(carrier)
  put(home, { content })
  store.forgetContents(carrier)
  store.removeSource(carrier)
  expect([store.contentOf(KEY), store.count(KEY)]).toEqual([content, 1])
  put(carrier)
  expect(store.contentOf(KEY)).toBe(content)
  store.remove(KEY, 'a', home)
  expect([store.contentOf(KEY), store.count(KEY)]).toEqual([undefined, 1])
  const later = { peer: 'home' }
  put(home, { content })
  put(later)
  store.forgetContents(home)
  expect(store.contentOf(KEY)).toBe(content)
  put({ peer: 'another' }, { home: 'another', expiresAtMs: 3_000 })
  expect([store.contentOf(KEY), store.count(KEY)]).toEqual([undefined, 1])
})

test('record-store: where contents are full, whoever brought the most makes room, never the one who brought less', () => {
  const { store } = createStore({ maxKeptBytes: 10_000 })
  const [crowd, small] = [{}, {}]
  const keyOf = (fill: number) => new Uint8Array(32).fill(fill)
  const put = (fill: number, source: object) =>
    store.put(record(`h${fill}`, { key: keyOf(fill), source, content: new Uint8Array(2_000).fill(fill) }))
  const kept = () => [1, 2, 3, 4, 5, 6, 7, 8].filter((fill) => store.contentOf(keyOf(fill)) !== undefined)
  for (const fill of [1, 2, 3, 4, 5]) put(fill, crowd)
  expect(kept()).toEqual([1, 2, 3, 4])
  put(6, small)
  expect(kept()).toEqual([2, 3, 4, 6])
  put(7, small)
  put(8, small)
  expect(kept()).toEqual([3, 4, 6, 7])
  put(5, crowd)
  expect(kept()).toEqual([3, 4, 6, 7])
  store.removeSource(crowd)
  expect(kept()).toEqual([6, 7])
  expect(store.count(keyOf(1)) + store.count(keyOf(8))).toBe(1)
})

test('record-store: of a copy that many have, one source answers for the bytes, and the next one when it goes', () => {
  const { store } = createStore({ maxKeptBytes: 5_000 })
  const [many, other] = [{}, {}]
  const content = new Uint8Array(2_000)
  for (const holder of ['a', 'b', 'c', 'd', 'e']) store.put(record(holder, { source: many, content }))
  store.put(record('f', { source: other, content }))
  store.put(record('g', { key: OTHER_KEY, source: many, content: content.slice() }))
  expect([KEY, OTHER_KEY].map((key) => store.contentOf(key)?.byteLength)).toEqual([2_000, 2_000])
  store.removeSource(many)
  expect([KEY, OTHER_KEY].map((key) => store.contentOf(key)?.byteLength)).toEqual([2_000, undefined])
  store.removeSource(other)
  expect(store.contentOf(KEY)).toBeUndefined()
})

test('record-store: contents have a bound in all, beyond which a record goes without', () => {
  const { store } = createStore({ maxKeptBytes: 5_000 })
  const keys = [1, 2, 3, 4].map((fill) => new Uint8Array(32).fill(fill))
  const put = (key: Uint8Array) => store.put(record('a', { key, content: new Uint8Array(2_000) }))
  for (const key of keys.slice(0, 3)) expect(put(key)).toBeUndefined()
  expect(keys.map((key) => store.contentOf(key)?.byteLength)).toEqual([2_000, 2_000, undefined, undefined])
  store.remove(keys[0] as Uint8Array, 'a', SOURCE)
  put(keys[3] as Uint8Array)
  expect(keys.map((key) => [store.count(key), store.contentOf(key)?.byteLength])).toEqual([
    [0, undefined],
    [1, 2_000],
    [1, undefined],
    [1, 2_000],
  ])
})

test('record-store: never serves a record past its lease, in any way of asking', () => {
  const { store, clock } = createStore()
  store.put(record('a', { expiresAtMs: 1_500 }))
  store.put(record('b', { expiresAtMs: 1_600 }))
  clock.nowMs = 1_499
  expect(store.count(KEY)).toBe(2)
  clock.nowMs = 1_500
  expect(store.get(KEY, 'a')).toBeUndefined()
  expect(holders(store.sample(KEY, 10))).toEqual(['b'])
  expect(store.count(KEY)).toBe(1)
  clock.nowMs = 1_600
  expect(store.sample(KEY, 10)).toEqual([])
  expect(store.size).toBe(0)
})

test('record-store: a step of the clock that leases go by neither ends records nor keeps them', () => {
  const clock = { nowMs: 1_000_000, passedMs: 7 }
  const store = createRecordStore(
    { maxRecords: 10, maxRecordsPerKey: 10 },
    () => clock.nowMs,
    Math.random,
    () => clock.passedMs,
  )
  store.put(record('a', { expiresAtMs: clock.nowMs + 500 }))
  for (const stepMs of [3_600_000, -7_200_000]) {
    clock.nowMs += stepMs
    expect([stepMs, store.count(KEY)]).toEqual([stepMs, 1])
  }
  clock.passedMs += 500
  expect(store.count(KEY)).toBe(0)
})

test('record-store: of one source a lease that ends earlier renews, since its holder may have put its clock right', () => {
  const { store } = createStore()
  store.put(record('a', { expiresAtMs: 9_000 }))
  expect(store.put(record('a', { expiresAtMs: 2_000, source: {} }))).toBe('older')
  expect(store.put(record('a', { expiresAtMs: 2_000 }))).toBeUndefined()
  expect(store.get(KEY, 'a')?.expiresAtMs).toBe(2_000)
})

test('record-store: a renewed record lives on', () => {
  const { store, clock } = createStore()
  store.put(record('a', { expiresAtMs: 1_500 }))
  store.put(record('a', { expiresAtMs: 3_000 }))
  clock.nowMs = 2_999
  expect(store.count(KEY)).toBe(1)
  clock.nowMs = 3_000
  expect(store.count(KEY)).toBe(0)
})

test('record-store: a sweep drops what has run out of keys that nobody reads', () => {
  const { store, clock } = createStore()
  store.put(record('a'))
  store.put(record('b', { key: OTHER_KEY, expiresAtMs: 9_000 }))
  clock.nowMs = 2_000
  expect(store.size).toBe(2)
  store.sweep()
  expect(store.size).toBe(1)
})

test('record-store: a lease that a home repeats does not undo the newer one that the holder gave another home', () => {
  const { store } = createStore()
  const [old, fresh] = [{}, {}]
  store.put(record('a', { home: 'old', expiresAtMs: 2_000, source: old }))
  store.put(record('a', { home: 'new', expiresAtMs: 2_001, source: fresh }))
  expect(store.put(record('a', { home: 'old', expiresAtMs: 2_000, source: old }))).toBe('older')
  expect(store.get(KEY, 'a')?.home).toBe('new')
  store.removeSource(old)
  expect(store.count(KEY)).toBe(1)
})

test('record-store: the same lease through another stream moves to it', () => {
  const { store } = createStore()
  const [old, fresh] = [{}, {}]
  store.put(record('a', { source: old }))
  store.put(record('a', { source: fresh }))
  expect(store.removeSource(old)).toEqual([])
  expect(store.countOfSource(fresh)).toBe(1)
  expect(store.count(KEY)).toBe(1)
})

test('record-store: records of a source go with it, and nothing else does', () => {
  const { store } = createStore()
  const other = {}
  store.put(record('a'))
  store.put(record('b', { key: OTHER_KEY }))
  store.put(record('c', { source: other }))
  expect(holders(store.removeSource(SOURCE))).toEqual(['a', 'b'])
  expect(holders(store.sample(KEY, 10))).toEqual(['c'])
  expect(store.countOfSource(SOURCE)).toBe(0)
})

test('record-store: only records of a source that pass the filter go', () => {
  const { store } = createStore()
  store.put(record('a'))
  store.put(record('b'))
  expect(holders(store.removeSource(SOURCE, ({ holder }) => holder === 'a'))).toEqual(['a'])
  expect(store.countOfSource(SOURCE)).toBe(1)
})

test('record-store: nobody removes a record that came through somebody else', () => {
  const { store } = createStore()
  store.put(record('a'))
  expect(store.remove(KEY, 'a', {})).toBe(false)
  expect(store.count(KEY)).toBe(1)
  expect(store.remove(KEY, 'a', SOURCE)).toBe(true)
  expect(store.remove(KEY, 'a', SOURCE)).toBe(false)
})

test('record-store: a full key takes from the home with the most holders', () => {
  const { store } = createStore({ maxRecordsPerKey: 10 })
  store.put(record('small', { home: 'small' }))
  for (let i = 0; i < 9; i++) store.put(record(`crowd-${i}`, { home: 'crowd' }))
  expect(store.put(record('newcomer', { home: 'third' }))).toBeUndefined()
  expect(store.count(KEY)).toBe(10)
  expect(store.get(KEY, 'small')).toBeDefined()
  expect(store.get(KEY, 'newcomer')).toBeDefined()
  expect(store.sample(KEY, 10).filter(({ home }) => home === 'crowd')).toHaveLength(8)
})

test('record-store: a full store knows which keys it misses leases of, until these would have run out, or one is taken', () => {
  const { store, clock } = createStore({ maxRecords: 3 })
  const [crowd, small] = [{}, {}]
  const key = (byte: number) => new Uint8Array(32).fill(byte)
  const missing = () => [0, 1, 2, 3, 4].filter((byte) => store.missed.has(key(byte)))
  const put = (byte: number, source: object, lease: Uint8Array | undefined = Uint8Array.of(1)) =>
    store.put(record(`holder-${byte}`, { key: key(byte), source, lease }), 10_000)
  for (const byte of [0, 1, 2]) put(byte, crowd)
  expect(missing()).toEqual([])
  expect([put(3, small), put(4, crowd)]).toEqual([undefined, 'records'])
  expect(missing()).toEqual([2, 4])
  store.remove(key(3), 'holder-3', small)
  expect(put(2, small)).toBeUndefined()
  expect(missing()).toEqual([4])
  clock.nowMs += 10_000
  expect(missing()).toEqual([])
})

test('record-store: a crowd gets no further place at a full key by pushing others out', () => {
  const { store } = createStore({ maxRecordsPerKey: 10 })
  store.put(record('small', { home: 'small' }))
  for (let i = 0; i < 9; i++) store.put(record(`crowd-${i}`, { home: 'crowd' }))
  for (let i = 9; i < 100; i++) expect(store.put(record(`crowd-${i}`, { home: 'crowd' }))).toBe('records-per-key')
  expect(store.get(KEY, 'small')).toBeDefined()
})

test('record-store: at a full key those who are there can still renew', () => {
  const { store } = createStore({ maxRecordsPerKey: 1 })
  store.put(record('a'))
  expect(store.put(record('a', { expiresAtMs: 5_000 }))).toBeUndefined()
  expect(store.put(record('b'))).toBe('records-per-key')
})

test('record-store: a full store takes from the source with the most records', () => {
  const { store } = createStore({ maxRecords: 10 })
  const [crowd, small] = [{}, {}]
  const key = (byte: number) => new Uint8Array(32).fill(byte)
  for (let i = 0; i < 9; i++) store.put(record(`crowd-${i}`, { key: key(i), source: crowd }))
  store.put(record('small', { source: small }))
  expect(store.put(record('another', { source: small }))).toBeUndefined()
  expect(store.size).toBe(10)
  expect(store.countOfSource(crowd)).toBe(8)
  expect(store.put(record('crowd-10', { source: crowd }))).toBe('records')
  expect(store.countOfSource(small)).toBe(2)
})

test('record-store: maxRecords and maxRecordsPerKey hold whatever is put and removed, and the books agree', () => {
  const put = fc.record({
    type: fc.constant('put' as const),
    key: fc.nat(3),
    holder: fc.nat(12),
    home: fc.nat(2),
    source: fc.nat(2),
    ms: fc.nat(50),
  })
  const remove = fc.record({ type: fc.constant('remove' as const), key: fc.nat(3), holder: fc.nat(12), source: fc.nat(2) })
  const end = fc.record({ type: fc.constant('end' as const), source: fc.nat(2) })
  const wait = fc.record({ type: fc.constant('wait' as const), ms: fc.nat(20) })
  fc.assert(
    fc.property(fc.array(fc.oneof({ arbitrary: put, weight: 6 }, remove, end, wait), { maxLength: 60 }), (steps) => {
      const { store, clock } = createStore({ maxRecords: 20, maxRecordsPerKey: 8 })
      const sources = [{}, {}, {}]
      const keys = [0, 1, 2, 3].map((byte) => new Uint8Array(32).fill(byte))
      for (const step of steps) {
        const source = 'source' in step ? (sources[step.source] as object) : SOURCE
        const key = 'key' in step ? (keys[step.key] as Uint8Array) : KEY
        if (step.type === 'put')
          store.put(record(`h${step.holder}`, { key, home: `home-${step.home}`, source, expiresAtMs: clock.nowMs + step.ms }))
        if (step.type === 'remove') store.remove(key, `h${step.holder}`, source)
        if (step.type === 'end') store.removeSource(source)
        if (step.type === 'wait') clock.nowMs += step.ms
        for (const each of keys) {
          expect(store.count(each)).toBeLessThanOrEqual(8)
          const sample = store.sample(each, 100)
          expect(sample).toHaveLength(store.count(each))
          for (const { expiresAtMs } of sample) expect(expiresAtMs).toBeGreaterThan(clock.nowMs)
        }
        expect(store.size).toBeLessThanOrEqual(20)
        const counted = keys.reduce((sum, each) => sum + store.count(each), 0)
        expect(store.size).toBe(counted)
        expect(sources.reduce<number>((sum, each) => sum + store.countOfSource(each), 0)).toBe(counted)
      }
    }),
    { numRuns: 100 },
  )
})

test('record-store: a sample is never larger than asked for, and never names a holder twice', () => {
  const { store } = createStore()
  for (let i = 0; i < 50; i++) store.put(record(`h${i}`, { home: `home-${i % 3}` }))
  for (const limit of [0, 1, 2, 7, 49, 50, 51]) {
    const sample = holders(store.sample(KEY, limit))
    expect(sample).toHaveLength(Math.min(limit, 50))
    expect(new Set(sample).size).toBe(sample.length)
  }
})

test('record-store: a sample gives one home of a thousand holders no more than its share, and every small home a chance', () => {
  const { store } = createStore({ maxRecordsPerKey: 2_000, maxRecords: 2_000 })
  for (let i = 0; i < 1_000; i++) store.put(record(`crowd-${i}`, { home: 'crowd' }))
  for (let i = 0; i < 8; i++) store.put(record(`honest-${i}`, { home: `home-${i}` }))
  let honest = 0
  for (let i = 0; i < 200; i++) {
    const sample = store.sample(KEY, 16)
    expect(sample).toHaveLength(16)
    honest += sample.filter(({ home }) => home !== 'crowd').length
  }
  // Eight of the sixteen places go to different homes, and there are nine.
  expect(honest / 200).toBeGreaterThan(6.9)
})

test('record-store: each of many equal holders is sampled equally often', () => {
  const { store } = createStore()
  const times = new Map<string, number>()
  for (let i = 0; i < 10; i++) store.put(record(`h${i}`))
  for (let i = 0; i < 5_000; i++) for (const { holder } of store.sample(KEY, 4)) times.set(holder, (times.get(holder) ?? 0) + 1)
  // 2,000 expected of each; the standard deviation is 35.
  for (const [holder, count] of times) expect(Math.abs(count - 2_000), holder).toBeLessThan(250)
  expect(times.size).toBe(10)
})

test('record-store: the first of a sample is as often one as another, since it is asked first', () => {
  const { store } = createStore()
  const first = new Map<string, number>()
  for (let i = 0; i < 20; i++) store.put(record(`h${i}`, { home: `home-${i % 4}` }))
  for (let i = 0; i < 5_000; i++) {
    const holder = store.sample(KEY, 8)[0]?.holder ?? ''
    first.set(holder, (first.get(holder) ?? 0) + 1)
  }
  // 250 expected of each; the standard deviation is 15.
  expect(first.size).toBe(20)
  for (const [holder, count] of first) expect(Math.abs(count - 250), holder).toBeLessThan(120)
})

test('record-store: a filtered sample holds only what passes', () => {
  const { store } = createStore()
  for (let i = 0; i < 20; i++) store.put(record(`h${i}`, { home: i % 2 === 0 ? 'here' : 'there' }))
  expect(store.sample(KEY, 5, ({ home }) => home === 'here').every(({ home }) => home === 'here')).toBe(true)
})

test('record-store: tells of each change of a key, and not of renewals or of other keys', () => {
  const { store, clock } = createStore()
  const changed = vi.fn()
  const end = store.onChange(KEY, changed)
  store.put(record('a'))
  expect(changed).toHaveBeenCalledTimes(1)
  store.put(record('a', { expiresAtMs: 2_500 }))
  store.put(record('b', { key: OTHER_KEY }))
  expect(changed).toHaveBeenCalledTimes(1)
  store.put(record('a', { home: 'another', expiresAtMs: 2_500 }))
  expect(changed).toHaveBeenCalledTimes(2)
  store.remove(KEY, 'a', SOURCE)
  expect(changed).toHaveBeenCalledTimes(3)
  store.put(record('c'))
  clock.nowMs = 5_000
  store.sweep()
  expect(changed).toHaveBeenCalledTimes(5)
  end()
  end()
  store.put(record('d', { expiresAtMs: 9_000 }))
  expect(changed).toHaveBeenCalledTimes(5)
})

test('record-store: a reported change is true already when it is reported', () => {
  const { store } = createStore()
  const counts: number[] = []
  store.onChange(KEY, () => counts.push(store.count(KEY)))
  store.put(record('a'))
  store.put(record('b'))
  store.removeSource(SOURCE)
  expect(counts).toEqual([1, 2, 1, 0])
})

test('record-store: a record that two servers carry stays until both let it go, and one that a home tells again moves to its new stream', () => {
  const { store } = createStore()
  const [first, second] = [{}, {}]
  const carried = (source: object, isCarried = true) => store.put({ ...record('a', { source }), isCarried })
  carried(first)
  carried(second)
  expect([store.countOfSource(first), store.countOfSource(second), store.size]).toEqual([1, 1, 1])
  expect(store.remove(KEY, 'a', second)).toBe(true)
  expect([store.get(KEY, 'a')?.source === first, store.countOfSource(second)]).toEqual([true, 0])
  expect(store.remove(KEY, 'a', second)).toBe(false)
  carried(second)
  expect(store.removeSource(first)).toHaveLength(1)
  expect([store.count(KEY), store.removeSource(second).length, store.count(KEY), store.size]).toEqual([1, 1, 0, 0])
  carried(first, false)
  carried(second, false)
  expect([store.countOfSource(first), store.remove(KEY, 'a', second), store.count(KEY)]).toEqual([0, true, 0])
})
