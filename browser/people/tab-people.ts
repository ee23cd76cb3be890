/**
 * The account of this browser, online in this tab. It has a peer of its own: contacts know an instance by its peer id, and whoever knows that
 * of the tab's peer could look up at any hash whether this person has that page open.
 */

import { createRecentMap } from '../../node/async/recent-map.ts'
import type { AccountChoice, AccountStore, Contact, Peer, People, Person, Token } from '../../node/index.ts'
import { Cell } from '../cell.ts'
import { openAccountRecords } from '../peer/account-records.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import { createWorkerStretch } from '../peer/worker-stretch.ts'
import { openConsents } from './consents.ts'
import { openNotes } from './notes.ts'
import { createStoragePromise } from './storage-promise.ts'

export interface ShownContact extends Contact {
  /** Tabs and nodes of the contact that are here now. */
  instances: number
  /** Notes of the contact are shown without a question. */
  needsNoConsent: boolean
}

const MAX_SHOWN_TOKENS = 32

export type TabPeople = Awaited<ReturnType<typeof openTabPeople>>

/** @throws {MayflyError} ERR_NO_CRYPTO, ERR_NOT_STORED, ERR_REVOKED, and as the account that is chosen */
export async function openTabPeople(session: PeerSession, gateway: string, account: AccountChoice) {
  const [{ createTab }, store] = await Promise.all([session.library(), openAccountRecords()])
  const create = () =>
    createTab({ join: [gateway], content: false, people: { store, account, placeName: placeName(), stretch: createWorkerStretch() } })
  const peer = await create().catch(async (error: unknown) => {
    await store.close()
    throw error
  })
  try {
    await peer.start()
    return await showPeople(peer, store)
  } catch (error) {
    await peer.stop()
    throw error
  }
}

async function showPeople(peer: Peer, store: AccountStore) {
  const { people } = peer
  const consents = await openConsents(store, people.contacts)
  const notes = openNotes(people, consents)
  await people.connect()
  const contacts = new Cell<readonly ShownContact[]>([])
  const tokens = new Cell<readonly Token[]>([])
  const places = new Cell(people.account.places())
  /** By their text. Those that were used stay until they are dismissed, so that their words can be compared. Bounded: MAX_SHOWN_TOKENS. */
  const shown = createRecentMap<string, Token>({ maxEntries: MAX_SHOWN_TOKENS, order: 'added' })
  const refresh = () => {
    contacts.set(shownContacts(people, consents.hasAny))
    for (const token of people.contacts.tokens()) if (!shown.has(token.token)) shown.set(token.token, token)
    tokens.set([...shown.values()])
    places.set(people.account.places())
  }
  const ends = [
    people.contacts.onChange(refresh),
    people.account.onChange(refresh),
    people.on('peerconnect', refresh),
    people.on('peerdisconnect', refresh),
    consents.standing.subscribe(refresh),
    consents.close,
    notes.end,
  ]
  refresh()
  const endAll = () => {
    for (const end of ends) end()
  }
  return {
    people,
    store,
    /** Network time, in ms. */
    now: () => Date.now() - peer.status().clock.aheadMs,
    contacts,
    tokens,
    places,
    consents,
    notes,
    storage: createStoragePromise(),
    refresh,
    /** Shows the token no longer; it can still be used, unless it was taken back. */
    dismiss(token: Token) {
      shown.delete(token.token)
      refresh()
    },
    /** @throws {MayflyError} ERR_NOT_STORED: it is offline, and may be forgotten again */
    async forget() {
      endAll()
      await people.forget()
      await peer.stop()
    },
    async close() {
      endAll()
      await peer.stop()
    },
  }
}

function shownContacts(people: People, needsNoConsent: (account: string) => boolean): ShownContact[] {
  const present = Map.groupBy(people.present(), ({ account }: Person) => account)
  const shown = people.contacts.list().map((contact) => ({
    ...contact,
    instances: present.get(contact.account)?.length ?? 0,
    needsNoConsent: needsNoConsent(contact.account),
  }))
  return shown.sort((a, b) => Number(b.instances > 0) - Number(a.instances > 0) || a.alias.localeCompare(b.alias))
}

/** The name of this place in the account's list, until somebody gives it another. */
function placeName(): string {
  const [, system = 'a computer'] = /(Android|iPhone|iPad|Windows|Mac OS|Linux|CrOS)/.exec(navigator.userAgent) ?? []
  return `Browser on ${system}`
}
