/** Many contacts of one account in one process: each a whole tab with an account of its own, which has that account in its contacts book. */

import { createPeer, type Peer } from '../../../node/index.ts'
import { openContactsBook } from '../../../node/people/account/contacts.ts'
import { openAccount } from '../../../node/people/account/open-account.ts'
import { createMemoryAccountStore } from '../../../node/people/account/store.ts'
import { mapParallel } from '../wait.ts'
import { serveCalls } from '../worker.ts'

const JOIN_MS = 60_000
/** Joins under way at once. */
const PARALLEL = 4

/** In the order of joining. */
const tabs: Peer[] = []

function tabAt(number: number): Peer {
  const tab = tabs[number]
  if (tab === undefined) throw new RangeError(`there is no contact ${number} of ${tabs.length}`)
  return tab
}

const calls = {
  /** Makes contacts of the account, and joins. Resolves with their public keys. */
  async join({ count, address, contact }: { count: number; address: string; contact: Uint8Array }): Promise<Uint8Array[]> {
    return mapParallel(Array.from({ length: count }), PARALLEL, async () => {
      const store = createMemoryAccountStore()
      const account = await openAccount(store, { kind: 'kept' }, { now: Date.now })
      const book = await openContactsBook({ store, now: Date.now })
      await book.add(contact, { alias: 'watcher', trust: new Uint8Array(), atMs: Date.now() })
      const { publicKey } = account
      book.close()
      account.close()
      const tab = await createPeer({ join: [address], content: false, people: { store, account: { kind: 'kept' } } })
      tabs.push(tab)
      await tab.start()
      await tab.joined({ signal: AbortSignal.timeout(JOIN_MS) })
      return publicKey
    })
  },
  /** All of them go online. */
  async connectAll(): Promise<void> {
    for (const { people } of tabs) await people?.connect()
  },
  /** One goes online, or offline. Resolves with its peer id, and with when it began, by the wall clock. */
  async connect({ tab }: { tab: number }): Promise<{ id: string; atMs: number }> {
    const { id, people } = tabAt(tab)
    const atMs = Date.now()
    await people?.connect()
    return { id, atMs }
  },
  async disconnect({ tab }: { tab: number }): Promise<{ id: string; atMs: number }> {
    const { id, people } = tabAt(tab)
    const atMs = Date.now()
    await people?.disconnect()
    return { id, atMs }
  },
}

export type PeopleSwarmCalls = typeof calls
serveCalls(calls)
