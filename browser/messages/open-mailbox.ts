/** Opens the mailbox of this origin: its database, its secret, and the peer that receives and sends. */

import { createMessageSecret, hashnameOf, MayflyError, publicKeyOf } from '../../node/index.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import { InboxRecords } from './inbox-records.ts'
import { LargeBodies } from './large-bodies.ts'
import { openMailDatabase } from './mail-database.ts'
import { Mailbox } from './mailbox.ts'
import { ReceiverRecords } from './receiver-records.ts'
import { SentTexts } from './sent-texts.ts'

export interface OpenMailboxOptions {
  session: PeerSession
  /** Whether to make an address when this origin has none yet. */
  create: boolean
}

/**
 * Undefined when this origin has no address and none is to be made.
 *
 * @throws {MayflyError} ERR_NO_CRYPTO
 * @throws DOMException, when the browser gives this page no storage
 * @throws what kept the peer from being started
 */
export async function openMailbox({ session, create }: OpenMailboxOptions): Promise<Mailbox | undefined> {
  if (!isSecureContext) throw new MayflyError('ERR_NO_CRYPTO', 'Cannot open a mailbox: this page came by plain http from another machine')
  const database = await openMailDatabase()
  const receiver = new ReceiverRecords(database)
  const secret = create ? await receiver.ownSecret(createMessageSecret) : await receiver.secret()
  if (secret === undefined) {
    database.close()
    return undefined
  }
  const [peer, outbox] = await Promise.all([session.peer(), session.outbox()])
  const mailbox = new Mailbox({
    messages: peer.messages,
    secret,
    hashname: hashnameOf(publicKeyOf(secret)),
    inbox: new InboxRecords(database),
    receiver,
    outbox,
    sentTexts: new SentTexts(database),
    largeBodies: new LargeBodies({ database, content: peer.content, outbox }),
    maxMessageBytes: peer.status().limits.maxMessageBytes,
    onChange: database.changes.onChange,
    locks: navigator.locks,
  })
  await mailbox.start()
  return mailbox
}
