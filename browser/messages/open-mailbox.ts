/** Opens the mailbox of this origin: its database, its secret, and the peer that receives and sends. */

import { createMessageSecret, hashnameOf, publicKeyOf } from '../../node/index.ts'
import type { PeerSession } from '../peer-session.ts'
import { InboxRecords } from './inbox-records.ts'
import { openMailDatabase } from './mail-database.ts'
import { Mailbox } from './mailbox.ts'
import { ReceiverRecords } from './receiver-records.ts'

export interface OpenMailboxOptions {
  session: PeerSession
  /** Whether to make an address when this origin has none yet. */
  create: boolean
}

/**
 * Undefined when this origin has no address and none is to be made.
 *
 * @throws DOMException, when the browser gives this page no storage
 * @throws what kept the peer from being started
 */
export async function openMailbox({ session, create }: OpenMailboxOptions): Promise<Mailbox | undefined> {
  const database = await openMailDatabase()
  const receiver = new ReceiverRecords(database)
  const secret = create ? await receiver.ownSecret(createMessageSecret) : await receiver.secret()
  if (secret === undefined) {
    database.close()
    return undefined
  }
  const [{ messages }, outbox] = await Promise.all([session.peer(), session.outbox()])
  const mailbox = new Mailbox({
    messages,
    secret,
    hashname: hashnameOf(publicKeyOf(secret)),
    inbox: new InboxRecords(database),
    receiver,
    outbox,
    onChange: database.changes.onChange,
    locks: navigator.locks,
  })
  await mailbox.start()
  return mailbox
}
