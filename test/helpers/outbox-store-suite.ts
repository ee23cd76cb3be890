/**
 * The contract of every `OutboxStore`, as plain functions: a test of Node.js runs them one by one, and a page can, too. Each throws when the
 * contract is broken.
 */

import type { OutboxEntry, OutboxStore, PostOutcome } from '../../node/index.ts'

export interface OutboxStores {
  /** A new and empty place, opened. */
  create(): Promise<OutboxStore>
  /** The place of a store that was created and closed, opened again; left out when it does not outlive its store. */
  reopen?(): Promise<OutboxStore>
  /** The place of a store that is open, opened once more; left out when nobody can share it. */
  share?(): Promise<OutboxStore>
}

export interface OutboxStoreCase {
  /** A sentence. */
  name: string
  needs?: 'reopen' | 'share'
  run(stores: OutboxStores): Promise<void>
}

/** An entry made of one byte. */
export function entryOf(byte: number, changes: Partial<OutboxEntry> = {}): OutboxEntry {
  return {
    id: new Uint8Array(32).fill(byte),
    end: `#wall-${byte}`,
    envelope: new Uint8Array(100).fill(byte),
    createdAtMs: 1_000 + byte,
    expiresAtMs: 100_000 + byte,
    tries: 0,
    nextTryAtMs: 2_000 + byte,
    claimedUntilMs: 0,
    outcome: undefined,
    isDone: false,
    ...changes,
  }
}

const RECEIPT = {
  receiver: new Uint8Array(32).fill(7),
  ids: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)],
  storedAtMs: 1_763_735_400_123,
  bytes: new Uint8Array(150).fill(9),
}

export const OUTCOMES: PostOutcome[] = [
  { state: 'stored', receipts: [RECEIPT, { ...RECEIPT, storedAtMs: 5 }] },
  { state: 'heard', taps: 3 },
  { state: 'queued', nodes: 3, untilMs: 1_763_735_400_123 },
  { state: 'refused', reason: 'sender-rate', retryAfterMs: 500 },
  { state: 'refused', reason: 'muted' },
  { state: 'expired' },
]

export const OUTBOX_STORE_CASES: OutboxStoreCase[] = [
  {
    name: 'gives an entry as it was put',
    async run({ create }) {
      const store = await create()
      const entries = [
        entryOf(1),
        ...OUTCOMES.map((outcome, i) => entryOf(2 + i, { outcome, tries: i, claimedUntilMs: i * 1_000, isDone: i > 2 })),
      ]
      for (const entry of entries) await store.put(entry)
      for (const entry of entries) same(await store.get(entry.id), entry)
      same(await store.get(entryOf(99).id), undefined)
    },
  },
  {
    name: 'keeps what is there when the same id is put again',
    async run({ create }) {
      const store = await create()
      await store.put(entryOf(1, { tries: 4 }))
      await store.put(entryOf(1, { tries: 0, isDone: true }))
      same(await store.get(entryOf(1).id), entryOf(1, { tries: 4 }))
    },
  },
  {
    name: 'changes what is there, and says what it is then',
    async run({ create }) {
      const store = await create()
      const [outcome] = OUTCOMES
      await store.put(entryOf(1))
      const changed = entryOf(1, { outcome, tries: 1, nextTryAtMs: 9_000, claimedUntilMs: 8_000, isDone: true })
      const seen: OutboxEntry[] = []
      const answer = await store.change(changed.id, (entry) => {
        seen.push(entry)
        return changed
      })
      same([seen, answer, await store.get(changed.id)], [[entryOf(1)], changed, changed])
    },
  },
  {
    name: 'leaves what a change leaves, and asks nothing about what is not there',
    async run({ create }) {
      const store = await create()
      await store.put(entryOf(1))
      same(await store.change(entryOf(1).id, () => undefined), undefined)
      same(await store.get(entryOf(1).id), entryOf(1))
      const asked: OutboxEntry[] = []
      const change = (entry: OutboxEntry) => {
        asked.push(entry)
        return entry
      }
      same([await store.change(entryOf(2).id, change), asked, await store.get(entryOf(2).id)], [undefined, [], undefined])
    },
  },
  {
    name: 'says what waits, the next due first, and nothing that is done',
    async run({ create }) {
      const store = await create()
      for (const [byte, nextTryAtMs] of [
        [1, 300],
        [2, 100],
        [3, 200],
        [4, 50],
      ] as const) {
        await store.put(entryOf(byte, { nextTryAtMs, isDone: byte === 4 }))
      }
      same(names(await store.waiting(10)), [2, 3, 1])
      same(names(await store.waiting(2)), [2, 3])
      await store.change(entryOf(2).id, (entry) => ({ ...entry, nextTryAtMs: 400 }))
      await store.change(entryOf(3).id, (entry) => ({ ...entry, isDone: true }))
      same(names(await store.waiting(10)), [1, 2])
    },
  },
  {
    name: 'lists the newest first, whatever became of them',
    async run({ create }) {
      const store = await create()
      for (const byte of [2, 3, 1]) await store.put(entryOf(byte, { isDone: byte === 3 }))
      same(names(await store.list(10)), [3, 2, 1])
      same(names(await store.list(1)), [3])
    },
  },
  {
    name: 'shows what was asked for before, also while that is being written',
    async run({ create }) {
      const store = await create()
      await store.put(entryOf(1))
      const changing = store.change(entryOf(1).id, (entry) => ({ ...entry, isDone: true }))
      same([names(await store.waiting(10)), (await store.list(10)).map(({ isDone }) => isDone)], [[], [true]])
      await changing
    },
  },
  {
    name: 'removes',
    async run({ create }) {
      const store = await create()
      for (const byte of [1, 2]) await store.put(entryOf(byte))
      await store.remove(entryOf(1).id)
      await store.remove(entryOf(9).id)
      same([names(await store.list(10)), names(await store.waiting(10)), await store.get(entryOf(1).id)], [[2], [2], undefined])
    },
  },
  {
    name: 'prunes what is done by age and by count, nothing that waits, and says what that is',
    async run({ create }) {
      const store = await create()
      for (const byte of [1, 2, 3, 4, 5]) await store.put(entryOf(byte, { isDone: byte !== 2 && byte !== 3 }))
      same(await store.prune(1_000, 10), { waiting: 2, bytes: 200 })
      same(names(await store.list(10)), [5, 4, 3, 2, 1])
      same(await store.prune(1_002, 10), { waiting: 2, bytes: 200 }) // made at 1,001
      same(names(await store.list(10)), [5, 4, 3, 2])
      same(await store.prune(0, 1), { waiting: 2, bytes: 200 })
      same(names(await store.list(10)), [5, 3, 2])
      same(await (await create()).prune(0, 0), { waiting: 0, bytes: 0 })
    },
  },
  {
    name: 'remembers the public keys of receivers',
    async run({ create }) {
      const store = await create()
      const [end, one, other] = [7, 8, 9].map((byte) => new Uint8Array(32).fill(byte)) as [Uint8Array, Uint8Array, Uint8Array]
      same(await store.publicKey(end), undefined)
      await store.putPublicKey(end, one)
      same([await store.publicKey(end), await store.publicKey(one)], [one, undefined])
      await store.putPublicKey(end, other)
      same(await store.publicKey(end), other)
    },
  },
  {
    name: 'takes many at once, and lets one of many changes come after the other',
    async run({ create }) {
      const store = await create()
      const bytes = Array.from({ length: 100 }, (_, i) => i)
      await Promise.all(bytes.map((byte) => store.put(entryOf(byte))))
      same((await store.waiting(1_000)).length, 100)
      const claims = await Promise.all(bytes.map(() => claim(store, 1)))
      same(claims.filter((entry) => entry !== undefined).length, 1)
    },
  },
  {
    name: 'has everything again when it is opened again',
    needs: 'reopen',
    async run({ create, reopen }) {
      const before = await create()
      const entries = OUTCOMES.map((outcome, i) => entryOf(1 + i, { outcome, isDone: i > 2 }))
      for (const entry of entries) await before.put(entry)
      await before.put(entryOf(50))
      await before.remove(entryOf(50).id)
      await before.putPublicKey(entryOf(1).id, entryOf(2).id)
      await before.close()
      const after = (await reopen?.()) as OutboxStore
      for (const entry of entries) same(await after.get(entry.id), entry)
      same(names(await after.waiting(10)), [1, 2, 3])
      same(await after.get(entryOf(50).id), undefined)
      same(await after.publicKey(entryOf(1).id), entryOf(2).id)
    },
  },
  {
    name: 'shows a change what another who shares it has made of an entry',
    needs: 'share',
    async run({ create, share }) {
      const store = await create()
      const other = (await share?.()) as OutboxStore
      const entry = entryOf(1)
      await store.put(entry)
      await other.change(entry.id, (found) => ({ ...found, claimedUntilMs: 7 }))
      let shown: OutboxEntry | undefined
      const after = await store.change(entry.id, (found) => {
        shown = found
        return { ...found, tries: found.tries + 1 }
      })
      same(shown, { ...entry, claimedUntilMs: 7 })
      same(after, { ...entry, claimedUntilMs: 7, tries: entry.tries + 1 })
      await other.change(entry.id, (found) => ({ ...found, isDone: true }))
      await store.change(entry.id, (found) => {
        shown = found
        return undefined
      })
      same(shown, { ...entry, claimedUntilMs: 7, tries: entry.tries + 1, isDone: true })
    },
  },
  {
    name: 'lets one of two who share it have an entry',
    needs: 'share',
    async run({ create, share }) {
      const one = await create()
      const other = (await share?.()) as OutboxStore
      for (let byte = 0; byte < 20; byte++) await one.put(entryOf(byte))
      same((await other.waiting(100)).length, 20)
      const claims = await Promise.all([...Array(20).keys()].flatMap((byte) => [one, other, one, other].map((store) => claim(store, byte))))
      same(
        names(claims.filter((entry) => entry !== undefined)).toSorted((a, b) => a - b),
        [...Array(20).keys()],
      )
      await other.change(entryOf(3).id, (entry) => ({ ...entry, isDone: true }))
      same((await one.get(entryOf(3).id))?.isDone, true)
      same((await one.waiting(100)).length, 19)
      await other.close()
    },
  },
]

/** As the outbox does. */
function claim(store: OutboxStore, byte: number): Promise<OutboxEntry | undefined> {
  return store.change(entryOf(byte).id, (entry) => (entry.claimedUntilMs > 0 ? undefined : { ...entry, claimedUntilMs: 77 }))
}

function names(entries: OutboxEntry[]): number[] {
  return entries.map(({ id }) => id[0] ?? -1)
}

function same(found: unknown, expected: unknown): void {
  const [was, should] = [text(found), text(expected)]
  if (was !== should) throw new Error(`expected ${should}\nfound ${was}`)
}

/** Bytes as hex, keys in order. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Uint8Array) return `bytes ${[...part].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
}
