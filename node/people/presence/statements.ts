/** The statements that links carry besides presence: revocations and statements of trust, and the contacts book between instances of one account. */

import { createPusher } from '../../async/pusher.ts'
import { encodeKeyHex, equalBytes, sha256AtOnce } from '../../keys/index.ts'
import { LINK_LIMITS, type LinkFrame } from '../format/link-frames.ts'
import type { Link } from './link.ts'
import type { StatementFrame } from './links.ts'
import type { AccountBook } from './types.ts'

/** Between two digests of the contacts book that are told to own instances, in ms. */
const BOOK_EVERY_MS = 250

export type LinkStatements = ReturnType<typeof createLinkStatements>

/** @param relationOf undefined for instances that are neither own nor of a contact: they are told nothing, and not listened to */
export function createLinkStatements(
  book: AccountBook,
  { links, relationOf }: { links(): Link[]; relationOf(link: Link): 'own' | 'contact' | undefined },
) {
  let told = digests()
  const pusher = createPusher(tellChanges, BOOK_EVERY_MS)

  function digests() {
    const revocations = book.statements.revocations()
    return { book: encodeKeyHex(book.sync.digest()), revocations: revocations.map((each) => encodeKeyHex(sha256AtOnce(each))).join() }
  }

  function tellNewRevocations(): void {
    const { revocations } = digests()
    if (revocations === told.revocations) return
    told = { ...told, revocations }
    for (const link of links()) if (relationOf(link) !== undefined) tellRevocations(link.send)
  }

  function tellChanges(): void {
    tellNewRevocations()
    const before = told
    told = digests()
    if (told.book === before.book) return
    for (const link of links()) if (relationOf(link) === 'own') link.send({ type: 'book', digest: book.sync.digest() })
  }

  function tellRevocations(send: (frame: LinkFrame) => void): void {
    for (const statements of chunks(book.statements.revocations(), LINK_LIMITS.maxStatements)) send({ type: 'revocations', statements })
  }

  async function take(link: Link, frame: StatementFrame): Promise<void> {
    const relation = relationOf(link)
    if (relation === undefined) return
    switch (frame.type) {
      case 'revocations':
        await book.statements.takeRevocations(link.remote, frame.statements)
        break
      case 'trust':
        if (relation === 'contact') await book.statements.takeTrust(link.remote, frame.statement)
        break
      case 'book':
        if (relation === 'own' && !equalBytes(frame.digest, book.sync.digest())) link.send({ type: 'want-book' })
        break
      case 'want-book':
        if (relation !== 'own') break
        for (const entries of chunks(book.sync.entries(), LINK_LIMITS.maxEntries)) link.send({ type: 'entries', entries })
        break
      case 'entries':
        if (relation === 'own') await book.sync.merge(frame.entries)
    }
  }

  return {
    /** A session that is new hears all from the start. */
    greet(link: Link, send: (frame: LinkFrame) => void) {
      const relation = relationOf(link)
      if (relation === undefined) return
      tellRevocations(send)
      if (relation === 'own') send({ type: 'book', digest: book.sync.digest() })
      else void tellTrust(link, send)
    },
    /** Statements that break their format, or are not true, change nothing: each was checked where it is kept. */
    onStatement: (link: Link, frame: StatementFrame) => void take(link, frame).catch(() => {}),
    /** At once, while the links of revoked places are still open: they learn it, too. */
    tellNewRevocations,
    /** Contacts or revocations have changed. */
    onChange: pusher.changed,
    stop: pusher.stop,
  }

  async function tellTrust({ remote }: Link, send: (frame: LinkFrame) => void): Promise<void> {
    const statement = await book.statements.trustFor(remote.account).catch(() => undefined)
    if (statement !== undefined) send({ type: 'trust', statement })
  }
}

function* chunks<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size)
}
