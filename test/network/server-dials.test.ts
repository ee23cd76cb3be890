import { multiaddr } from '@multiformats/multiaddr'
import { beforeAll, expect, test } from 'vitest'
import { createServerDials, type ServerDialsOptions } from '../../node/network/server-dials.ts'
import type { ServerRecord } from '../../node/network/server-record.ts'
import { createVirtualTime } from '../../scripts/simulate/virtual-time.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'

let records: ServerRecord[]
beforeAll(async () => {
  const peers = await Promise.all(Array.from({ length: 24 }, (_, i) => createSeededPeer(i + 1)))
  records = peers.map(({ peer }: SeededPeer) => ({
    peer,
    addresses: [multiaddr('/ip4/192.0.2.7/tcp/4000/ws')],
    issuedAtMs: 1,
    bytes: new Uint8Array(),
  }))
})

/** Dials that end when the test says so, in the order in which they began. */
function createDialled(options: ServerDialsOptions = {}) {
  const { timers, pass } = createVirtualTime()
  const connected = new Set<number>()
  const gone: number[] = []
  const began: number[] = []
  const open = new Map<number, (isReached: boolean) => void>()
  const useless = new Set<number>()
  const indexOf = (record: ServerRecord) => records.findIndex(({ peer }) => peer.equals(record.peer))
  const dials = createServerDials(
    {
      isConnected: (record) => connected.has(indexOf(record)),
      isOfUse: (record) => !useless.has(indexOf(record)),
      dial: (record) =>
        new Promise((resolve, reject) => {
          const index = indexOf(record)
          began.push(index)
          open.set(index, (isReached) => {
            open.delete(index)
            if (isReached) connected.add(index)
            if (isReached) resolve(undefined)
            else reject(new Error('nobody there'))
          })
        }),
      onGone: (id) => gone.push(records.findIndex(({ peer }) => peer.toString() === id)),
      random: () => 0.5,
    },
    options,
    timers,
  )
  return {
    dials,
    connected,
    useless,
    gone,
    began,
    open,
    pass,
    tell: (source: string, indexes: number[], waitMs = 0) => {
      for (const index of indexes) dials.add(records[index] as ServerRecord, { source, waitMs })
    },
    async end(index: number, isReached: boolean) {
      open.get(index)?.(isReached)
      await pass(0)
    },
  }
}
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

test('server dials: a few at once, more as they come about, each server once', async () => {
  const { dials, tell, open, began, end } = createDialled({ firstWindow: 2, maxWindow: 3 })
  tell('a', range(0, 6))
  tell('b', range(0, 6))
  expect([...open.keys()]).toEqual([0, 1])
  await end(0, true)
  expect([...open.keys()]).toEqual([1, 2, 3])
  for (const index of range(1, 6)) await end(index, true)
  expect([began, dials.size]).toEqual([range(0, 6), 0])
})

test('server dials: fewer at once when they fail; tried again after a wait, and given up after maxFailures', async () => {
  const { tell, open, end, gone, pass } = createDialled({ firstWindow: 4, maxFailures: 2 })
  tell('a', range(0, 6))
  for (const index of range(0, 4)) await end(index, false)
  expect([...open.keys()]).toEqual([4])
  await end(4, true)
  await end(5, true)
  await pass(1_000)
  for (let i = 0; i < 4; i++) {
    for (const index of [...open.keys()]) await end(index, false)
    await pass(1)
  }
  expect(gone.toSorted()).toEqual([0, 1, 2, 3])
})

test('server dials: a liar who invents servers makes nobody wait for an honest word', async () => {
  const { tell, open, end } = createDialled({ firstWindow: 4, maxDials: 6 })
  tell('liar', range(0, 16))
  expect([...open.keys()]).toEqual(range(0, 4))
  tell('honest', range(16, 20))
  expect([...open.keys()]).toEqual([...range(0, 4), 16, 17])
  for (const index of range(16, 20)) await end(index, true)
  expect([...open.keys()]).toEqual(range(0, 4))
})

test('server dials: a server that comes by itself is not dialled; word that it will not come ends the wait', async () => {
  const { tell, connected, began, pass, dials } = createDialled()
  tell('a', [0, 1, 2], 1_000)
  connected.add(0)
  tell('entrance', [1])
  expect(began).toEqual([1])
  await pass(1_000)
  expect(began).toEqual([1, 2])
  tell('a', [0])
  expect([began, dials.size]).toEqual([[1, 2], 2])
})

test('server dials: nothing is dialled after the end, and dials under way count for nothing in what follows', async () => {
  const { dials, tell, began, end, pass } = createDialled({ firstWindow: 1 })
  tell('a', [0, 1])
  tell('b', [2], 1_000)
  dials.stop()
  await end(0, false)
  await pass(20_000)
  expect([began, dials.size]).toEqual([[0], 0])
  tell('a', [3])
  expect(began).toEqual([0, 3])
})

test('server dials: all who wait for a server hear whether it is connected, though it was wanted already', async () => {
  const { dials, tell, end, began } = createDialled({ maxFailures: 1 })
  const heard: [string, boolean][] = []
  const want = (who: string, index: number) =>
    dials.add(records[index] as ServerRecord, { source: 'a', waitMs: 0, onEnd: (isReached) => heard.push([who, isReached]) })
  tell('a', [0, 1])
  for (const who of ['a search', 'another']) for (const index of [0, 1]) want(who, index)
  await end(0, true)
  await end(1, false)
  expect(began).toEqual([0, 1])
  expect(heard).toEqual([
    ['a search', true],
    ['another', true],
    ['a search', false],
    ['another', false],
  ])
})

test('server dials: one that has come to be of no use is dialled only for somebody who waits for it', async () => {
  const { dials, tell, useless, began } = createDialled()
  useless.add(0).add(1)
  tell('a', [0])
  dials.add(records[1] as ServerRecord, { source: 'a', waitMs: 0, onEnd: () => {} })
  expect([began, dials.size]).toEqual([[1], 1])
})

test('server dials: a peer that tells of more servers than there is room for makes room for the word of others', async () => {
  const { dials, tell, began, end } = createDialled({ maxWanted: 6, firstWindow: 1, maxFailures: 1 })
  const heard: string[] = []
  const add = (source: string, index: number) =>
    dials.add(records[index] as ServerRecord, { source, waitMs: 0, onEnd: (isReached) => heard.push(`${index} ${isReached}`) })
  for (const index of range(0, 10)) add('liar', index)
  expect([dials.size, heard]).toEqual([6, range(6, 10).map((index) => `${index} false`)])
  heard.length = 0
  for (const index of range(10, 16)) add('honest', index)
  expect(heard, 'half of the places are for the other one').toEqual(['5 false', '4 false', '3 false', '13 false', '14 false', '15 false'])
  tell('third', [16])
  expect(dials.size).toBe(6)
  for (const index of [0, 10, 16, 11]) await end(index, true)
  expect(began).toEqual(expect.arrayContaining([0, 1, 10, 11, 16]))
})

test('server dials: whoever waits for one attempt hears how it ended, and at once of a server that has just failed; the dials go on', async () => {
  const { dials, open, end, pass } = createDialled()
  const heard: string[] = []
  const add = (who: string) => {
    const onEnd = (isReached: boolean) => void heard.push(`${who} ${isReached}`)
    dials.add(records[0] as ServerRecord, { source: 'a', waitMs: 0, onEnd, isBrief: true })
  }
  add('first')
  await end(0, false)
  expect(heard).toEqual(['first false'])
  add('later')
  expect(heard).toEqual(['first false', 'later false'])
  await pass(1_000)
  expect([...open.keys()]).toEqual([0])
  add('last')
  await end(0, true)
  expect(heard).toEqual(['first false', 'later false', 'last true'])
  expect(dials.size).toBe(0)
})

test('server dials: a server that is wanted for one attempt is forgotten when it fails, unless somebody else wants it as well', async () => {
  const { dials, tell, began, gone, end, pass } = createDialled()
  const heard: boolean[] = []
  const addOnce = () =>
    dials.add(records[0] as ServerRecord, { source: 'a', waitMs: 0, onEnd: (isReached) => void heard.push(isReached), isOnce: true })
  addOnce()
  await end(0, false)
  await pass(60_000)
  expect([began, heard, dials.size, gone]).toEqual([[0], [false], 0, []])
  addOnce()
  tell('b', [0])
  await end(0, false)
  expect([heard, dials.size]).toEqual([[false, false], 1])
  await pass(1_000)
  expect(began).toEqual([0, 0, 0])
})
