/** The records of a tab and the record store of a node give the same answers about a peer's own leases. */

import { describe, expect, test } from 'vitest'
import { createOwnRecords, type OwnRecords } from '../../node/rendezvous/own-records.ts'
import { createRecordStore, type HolderRecord } from '../../node/rendezvous/record-store.ts'

const KEY = new Uint8Array(32).fill(1)
const OTHER_KEY = new Uint8Array(32).fill(2)
const SOURCE = {}

const STORES: Record<string, (now: () => number, monotonic: () => number) => OwnRecords> = {
  'own-records': createOwnRecords,
  'record-store': (now, monotonic) => createRecordStore({ maxRecords: 10, maxRecordsPerKey: 10 }, now, Math.random, monotonic),
}

const own = (more: Partial<HolderRecord> = {}): HolderRecord => ({
  key: KEY,
  holder: 'self',
  home: 'home',
  expiresAtMs: 2_000,
  lease: Uint8Array.of(1),
  source: SOURCE,
  ...more,
})

describe.each(Object.entries(STORES))('%s', (_, create) => {
  function createStore() {
    const clock = { nowMs: 1_000, passedMs: 0 }
    const store = create(
      () => clock.nowMs,
      () => clock.passedMs,
    )
    const pass = (ms: number) => {
      clock.nowMs += ms
      clock.passedMs += ms
    }
    const changes: string[] = []
    store.onChange(KEY, () => changes.push('key'))
    store.onChange(OTHER_KEY, () => changes.push('other'))
    const seen = () => [store.count(KEY), store.people(KEY), store.sample(KEY, 10).length, store.homes(KEY, 10).length]
    return { clock, store, pass, changes, seen }
  }

  test('a hold is one holder, one person, with one home, until it is withdrawn by who made it', () => {
    const { store, changes, seen } = createStore()
    expect(seen()).toEqual([0, 0, 0, 0])
    expect(store.put(own({ mark: 'm' }))).toBeUndefined()
    expect([...seen(), store.size, store.count(OTHER_KEY)]).toEqual([1, 1, 1, 1, 1, 0])
    expect(store.sample(KEY, 10)[0]).toMatchObject({ holder: 'self', home: 'home', mark: 'm' })
    expect([store.sample(KEY, 0), store.homes(KEY, 0), store.sample(KEY, 10, ({ holder }) => holder !== 'self')]).toEqual([[], [], []])
    expect([store.remove(KEY, 'another', SOURCE), store.remove(KEY, 'self', {}), store.remove(OTHER_KEY, 'self', SOURCE)]).toEqual([
      false,
      false,
      false,
    ])
    expect(seen()).toEqual([1, 1, 1, 1])
    expect(store.remove(KEY, 'self', SOURCE)).toBe(true)
    expect([...seen(), store.size]).toEqual([0, 0, 0, 0, 0])
    expect(changes).toEqual(['key', 'key'])
  })

  test('a renewal is no change, another home or mark is one', () => {
    const { store, changes } = createStore()
    store.put(own())
    store.put(own({ expiresAtMs: 3_000 }))
    expect([store.size, changes.length]).toEqual([1, 1])
    store.put(own({ home: 'another' }))
    store.put(own({ home: 'another', mark: 'm' }))
    expect([store.size, changes.length]).toEqual([1, 3])
    expect(store.homes(KEY, 10)).toEqual(['another'])
  })

  test('nothing is served past its lease, in any way of asking, and who listens hears of it', () => {
    const { store, pass, changes, seen } = createStore()
    store.put(own({ expiresAtMs: 1_500 }))
    store.put(own({ key: OTHER_KEY, expiresAtMs: 1_500 }))
    pass(499)
    expect(seen()).toEqual([1, 1, 1, 1])
    store.put(own({ expiresAtMs: 1_600 })) // renewed
    pass(1)
    expect([...seen(), store.count(OTHER_KEY), store.size]).toEqual([1, 1, 1, 1, 0, 1])
    pass(100)
    expect(seen()).toEqual([0, 0, 0, 0])
    expect(changes).toEqual(['key', 'other', 'other', 'key'])
  })

  test('a step of the clock that leases go by neither ends records nor keeps them', () => {
    const { clock, store, pass, seen } = createStore()
    store.put(own({ expiresAtMs: clock.nowMs + 500 }))
    for (const stepMs of [3_600_000, -7_200_000]) {
      clock.nowMs += stepMs
      expect(seen()).toEqual([1, 1, 1, 1])
    }
    pass(500)
    expect(seen()).toEqual([0, 0, 0, 0])
  })

  test('a sweep drops what has run out of keys that nobody reads; nobody is held through a tab, and nobody stock is known', () => {
    const { store, pass, changes } = createStore()
    store.put(own())
    store.put(own({ key: OTHER_KEY, expiresAtMs: 9_000 }))
    store.removeStock()
    expect([store.size, store.heldThrough('self', 10)]).toEqual([2, []])
    pass(1_000)
    store.sweep()
    expect([store.size, changes]).toEqual([1, ['key', 'other', 'key']])
  })

  test('who no longer listens hears nothing', () => {
    const { store } = createStore()
    let heard = 0
    const end = store.onChange(KEY, () => heard++)
    store.put(own())
    end()
    store.remove(KEY, 'self', SOURCE)
    expect(heard).toBe(1)
  })
})
