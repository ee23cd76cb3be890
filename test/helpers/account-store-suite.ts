/**
 * The contract of every `AccountStore`, as plain functions: a test of Node.js runs them one by one, and a page can, too. Each throws when the
 * contract is broken.
 */

import { isSigned } from '../../node/keys/signing.ts'
import { type AccountStore, RECORD_LIMITS } from '../../node/people/account/store.ts'

export interface AccountStores {
  /** A new and empty store, opened. */
  create(): Promise<AccountStore>
  /** The store that was created and closed, opened again; left out when it does not outlive its process. */
  reopen?(): Promise<AccountStore>
  /** The store that is open, opened once more, as by another tab; left out when nobody can share it. */
  share?(): Promise<AccountStore>
}

export interface AccountStoreCase {
  /** A sentence. */
  name: string
  needs?: 'reopen' | 'share'
  run(stores: AccountStores): Promise<void>
}

const bytesOf = (...bytes: number[]) => Uint8Array.from(bytes)
const addOne = (before: Uint8Array | undefined) => bytesOf((before?.[0] ?? 0) + 1)

async function mustSign({ place }: AccountStore): Promise<void> {
  const signature = await place.sign(bytesOf(1, 2, 3))
  same([place.publicKey.length, isSigned(place.publicKey, bytesOf(1, 2, 3), signature)], [32, true])
}

export const ACCOUNT_STORE_CASES: AccountStoreCase[] = [
  {
    name: 'gives a record as it was stored, and none where there is none',
    async run({ create }) {
      const store = await create()
      same(await store.load('places'), undefined)
      same(await store.change('places', () => bytesOf(1, 2)), bytesOf(1, 2))
      same(await store.change('contacts-0', () => bytesOf()), bytesOf())
      same([await store.load('places'), await store.load('contacts-0')], [bytesOf(1, 2), bytesOf()])
    },
  },
  {
    name: 'shows a change what is there, and leaves a record for which it has nothing',
    async run({ create }) {
      const store = await create()
      const seen: unknown[] = []
      const changes = [undefined, bytesOf(1), bytesOf(2), undefined, bytesOf(3)]
      const left = [undefined, bytesOf(1), bytesOf(2), bytesOf(2), bytesOf(3)]
      for (const [i, bytes] of changes.entries()) {
        const answer = await store.change('a', (before) => {
          seen.push(before)
          return bytes
        })
        same([answer, await store.load('a')], [left[i], left[i]])
      }
      same(seen, [undefined, ...left.slice(0, -1)])
    },
  },
  {
    name: 'makes one change after the other',
    async run({ create }) {
      const store = await create()
      const answers = await Promise.all(Array.from({ length: 8 }, () => store.change('count', addOne)))
      same(answers.map((bytes) => bytes?.[0]).sort(), Array.from({ length: 8 }, (_, i) => i + 1).sort())
      same(await store.load('count'), bytesOf(8))
    },
  },
  {
    name: 'makes changes of all that share it one after the other, and tells each of them',
    needs: 'share',
    async run({ create, share }) {
      const stores = [await create(), (await share?.()) as AccountStore]
      const heard = stores.map((store) => new Promise<string>((resolve) => void store.onChange(resolve)))
      await Promise.all(Array.from({ length: 8 }, (_, i) => stores[i % 2]?.change('count', addOne)))
      for (const store of stores) same(await store.load('count'), bytesOf(8))
      same(stores[0]?.place.publicKey, stores[1]?.place.publicKey)
      const sealed = await (stores[0] as AccountStore).seal(bytesOf(5))
      same(await stores[1]?.unseal(sealed), bytesOf(5))
      same(await Promise.all(heard), ['count', 'count'])
    },
  },
  {
    name: 'is empty for all that share it once it was cleared, which they hear; they change nothing any more, and another place may begin',
    needs: 'share',
    async run({ create, share }) {
      const open = share as () => Promise<AccountStore>
      const [first, other] = [await create(), await open()]
      await first.change('a', () => bytesOf(1))
      const heard = new Promise<string>((resolve) => {
        other.onChange((name) => {
          if (name === 'b') resolve(name)
        })
      })
      await first.change('b', () => bytesOf(2))
      await heard
      const cleared = new Promise<void>((resolve) => {
        other.onChange(() => {
          void other.load('b').then((bytes) => {
            if (bytes === undefined) resolve()
          })
        })
      })
      await first.clear()
      await cleared
      same([await other.load('a'), await codeOf(other.change('a', addOne))], [undefined, 'ERR_NOT_STORED'])
      const next = await open()
      await next.change('a', () => bytesOf(7))
      same([await codeOf(other.change('a', addOne)), await next.load('a')], ['ERR_NOT_STORED', bytesOf(7)])
      same(String(next.place.publicKey) === String(first.place.publicKey), false)
    },
  },
  {
    name: 'leaves a record as it is when its change throws',
    async run({ create }) {
      const store = await create()
      await store.change('a', () => bytesOf(1))
      const error = new Error('not now')
      const change = () => {
        throw error
      }
      const thrown = await store.change('a', change).catch((caught: unknown) => caught)
      same([thrown === error, await store.load('a')], [true, bytesOf(1)])
      same(await store.change('a', addOne), bytesOf(2))
    },
  },
  {
    name: 'refuses a record that is too large, and a name that is none',
    async run({ create }) {
      const store = await create()
      await store.change('a', () => bytesOf(1))
      same(await codeOf(store.change('a', () => new Uint8Array(RECORD_LIMITS.maxBytes + 1))), 'ERR_TOO_LARGE')
      same(await store.load('a'), bytesOf(1))
      for (const name of ['', '../a', 'A', 'a'.repeat(33)]) {
        same([await codeOf(store.load(name)), await codeOf(store.change(name, addOne))], ['ERR_BAD_OPTION', 'ERR_BAD_OPTION'])
      }
    },
  },
  {
    name: 'has a copy of what it was given, and gives copies',
    async run({ create }) {
      const store = await create()
      const given = bytesOf(1)
      await store.change('a', () => given)
      given[0] = 9
      ;(await store.load('a'))?.fill(8)
      same(await store.load('a'), bytesOf(1))
    },
  },
  {
    name: 'signs with the key of the place, and opens what it sealed',
    async run({ create }) {
      const store = await create()
      await mustSign(store)
      const secret = bytesOf(7, 7, 7)
      const sealed = await store.seal(secret)
      secret.fill(0) // as its owner does
      same(await store.unseal(sealed), bytesOf(7, 7, 7))
    },
  },
  {
    name: 'has everything again when it is opened again, and is another place after it was cleared',
    needs: 'reopen',
    async run({ create, reopen }) {
      const before = await create()
      await before.change('a', () => bytesOf(1))
      await before.change('b', () => bytesOf(2))
      const sealed = await before.seal(bytesOf(3))
      const place = before.place.publicKey
      await before.close()
      const after = (await reopen?.()) as AccountStore
      same([await after.load('a'), await after.load('b'), await after.unseal(sealed)], [bytesOf(1), bytesOf(2), bytesOf(3)])
      same([after.place.publicKey, after.isKept], [place, true])
      await mustSign(after)
      await after.clear()
      const cleared = (await reopen?.()) as AccountStore
      same([await cleared.load('a'), String(cleared.place.publicKey) === String(place)], [undefined, false])
      await mustSign(cleared)
    },
  },
]

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'none',
    ({ code }: { code?: unknown }) => code,
  )
}

/** @throws an error that shows both, when they differ */
function same(found: unknown, expected: unknown): void {
  const [a, b] = [found, expected].map((value) =>
    JSON.stringify(value, (_, part) => (part instanceof Uint8Array ? `bytes ${part}` : (part ?? null))),
  )
  if (a !== b) throw new Error(`expected ${b}, found ${a}`)
}
