/** Contacts and this account's own instances: who they are, and the search for each of them. */

import { encodeKeyBase32, encodeKeyHex, equalBytes, sha256AtOnce } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { Person } from '../types.ts'
import type { Identity, WayTarget } from '../way/types.ts'
import type { LinkedCircle } from './circle.ts'
import type { Gathering, GatheringContext } from './gathering.ts'
import type { Link } from './link.ts'
import type { LinkDialer } from './link-dialer.ts'
import type { Links } from './links.ts'
import type { AccountBook } from './types.ts'

/** Links at once with strangers whose statement is being checked. */
const MAX_UNCHECKED = 16

/** The key at which the instances of an account are found. */
export const presenceKeyOf = (publicKey: Uint8Array): Key => sha256AtOnce(publicKey)
/** Ids of accounts whose keys are in use: one is needed for each call. */
const accountIds = new WeakMap<Uint8Array, string>()

export function accountOf(publicKey: Uint8Array): string {
  const known = accountIds.get(publicKey)
  if (known !== undefined) return known
  const id = encodeKeyBase32(presenceKeyOf(publicKey))
  accountIds.set(publicKey, id)
  return id
}

export type Relations = ReturnType<typeof createRelations>

export function createRelations(book: AccountBook) {
  const isOwn = (account: Uint8Array) => equalBytes(account, book.publicKey)
  function relationTo(account: Uint8Array): Person['relation'] {
    if (isOwn(account)) return 'own'
    return book.aliasOf(account) === undefined ? 'stranger' : 'contact'
  }
  return {
    relationTo,
    isKnown: (account: Uint8Array) => relationTo(account) !== 'stranger',
    personOf: ({ account, peer }: Pick<Identity, 'account' | 'peer'>): Person => ({
      account: accountOf(account),
      alias: isOwn(account) ? undefined : book.aliasOf(account),
      instance: peer,
      relation: relationTo(account),
    }),
  }
}

export interface KnownPeopleContext {
  book: AccountBook
  relations: Relations
  circle: LinkedCircle
  dialer: Pick<LinkDialer, 'dial'>
  links: Pick<Links, 'get' | 'all' | 'endUnwanted'>
  /** The account of a link that was open already is known now. */
  onKnown(link: Link): void
  gather(found: Pick<GatheringContext, 'key' | 'isHeld' | 'dial'>): Gathering
}

export function createKnownPeople({ book, relations, circle, dialer, links, onKnown, gather }: KnownPeopleContext) {
  const { isKnown } = relations
  const { attendance } = circle
  /** Of contacts and of this account, by public key in hex. Bounded by the contacts book. */
  const gatherings = new Map<string, Gathering>()
  const unchecked = new Set<Link>()
  let contacts = readContacts()

  /** By public key in hex, as they were last seen. */
  function readContacts(): Map<string, { account: Uint8Array; alias: string }> {
    return new Map([...book.contacts()].map((each) => [encodeKeyHex(each.account), each]))
  }

  const gatheringOf = ({ remote }: Link) => gatherings.get(encodeKeyHex(remote.account))

  function gatherAccount(account: Uint8Array): void {
    const id = encodeKeyHex(account)
    if (gatherings.has(id)) return
    const gathering = gather({
      key: presenceKeyOf(account),
      isHeld: equalBytes(account, book.publicKey),
      async dial(target: WayTarget) {
        const outcome = await dialer.dial(target, { trust: book.statements.trustOf(account) })
        const link = links.get(target.peer)
        return outcome === 'open' && !(link !== undefined && equalBytes(link.remote.account, account)) ? 'stranger' : outcome
      },
    })
    gatherings.set(id, gathering)
    for (const link of links.all()) if (link.isOpen && gatheringOf(link) === gathering) gathering.enter(link.peer)
  }

  /** An account that has forgotten its contacts learns one from its own statement. */
  async function checkTrust(link: Link, trust: Uint8Array): Promise<void> {
    unchecked.add(link)
    await book.statements.recover(link.remote, trust).catch(() => {})
    unchecked.delete(link)
    links.endUnwanted(link)
  }

  return {
    gatheringOf,
    onOpen(link: Link) {
      gatheringOf(link)?.enter(link.peer)
      if (isKnown(link.remote.account)) circle.enter(link)
      else if (link.trust !== undefined) void checkTrust(link, link.trust)
    },
    /** True when a stranger may have a link until its statement is checked. */
    get canCheck() {
      return unchecked.size < MAX_UNCHECKED
    },
    start() {
      contacts = readContacts()
      gatherAccount(book.publicKey)
      for (const { account } of contacts.values()) gatherAccount(account)
    },
    /** Contacts have changed. Links that are not wanted any more have ended already. */
    onBookChange() {
      const before = contacts
      contacts = readContacts()
      // As a rule somebody has shown a statement: a thousand who go online at once would be looked for a thousand times.
      if (contacts.size === before.size && [...contacts].every(([id, { alias }]) => before.get(id)?.alias === alias)) return
      for (const [id, { account, alias }] of contacts) {
        if (!before.has(id)) attendance.meet(accountOf(account), alias)
        gatherAccount(account)
      }
      for (const [id, { account }] of before) {
        if (contacts.has(id)) continue
        attendance.forget(accountOf(account))
        gatherings.get(id)?.end()
        gatherings.delete(id)
      }
      for (const link of links.all()) {
        if (!isKnown(link.remote.account)) attendance.leave(link.peer)
        else if (link.isOpen || attendance.has(link.peer)) {
          const isNew = !attendance.has(link.peer)
          circle.enter(link)
          if (isNew) onKnown(link)
        }
      }
      for (const gathering of gatherings.values()) gathering.retry()
    },
    stop() {
      for (const gathering of gatherings.values()) gathering.end()
      gatherings.clear()
    },
  }
}
