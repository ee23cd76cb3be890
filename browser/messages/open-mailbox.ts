/** Opens the mailbox of this origin: its database, its secret, and the parts that receive and send. */

import { onAbort } from '../../node/async/abort.ts'
import { createMessageSecret, hashnameOf, publicKeyOf } from '../../node/index.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import { hasWebCrypto } from '../peer/web-crypto.ts'
import { AddressSecret } from './address-secret.ts'
import { coalesce } from './coalesce.ts'
import type { Draft } from './draft.ts'
import { InboxRecords } from './inbox-records.ts'
import { LargeBodies } from './large-bodies.ts'
import { openMailDatabase } from './mail-database.ts'
import { Mailbox } from './mailbox.ts'
import { ReceiverRecords } from './receiver-records.ts'
import { ReceiverSettings } from './receiver-settings.ts'
import { SentMessages } from './sent-messages.ts'
import { SentTexts } from './sent-texts.ts'

/**
 * Undefined when this origin has no address, and `create` is false. The mailbox ends when another address takes the place of its own.
 *
 * @param create create an address, if this origin has none yet
 * @throws DOMException, when the browser gives this page no storage
 * @throws what prevented the peer from being started
 */
export async function openMailbox(session: PeerSession, draft: Draft, create: boolean): Promise<Mailbox | undefined> {
  const database = await openMailDatabase()
  const records = new ReceiverRecords(database)
  let secret = await records.secret()
  if (secret === undefined && create) secret = await records.ownSecret(createMessageSecret())
  if (secret === undefined) {
    database.close()
    return undefined
  }
  const [peer, outbox] = await Promise.all([session.peer(), session.outbox()])
  const { messages, content } = peer
  const { onChange } = database.changes
  const hashname = hashnameOf(publicKeyOf(secret))
  const life = new AbortController()
  const endReplaced = async () => {
    const now = await records.secret()
    if (now !== undefined && hashnameOf(publicKeyOf(now)) !== hashname) life.abort()
  }
  onAbort(life.signal, onChange(coalesce(endReplaced)))
  const mailbox = new Mailbox({
    messages,
    secret,
    hashname,
    canEncrypt: hasWebCrypto(),
    inbox: new InboxRecords(database),
    settings: new ReceiverSettings(records, hashname),
    sent: new SentMessages({
      draft,
      messages,
      secret,
      outbox,
      texts: new SentTexts(database),
      largeBodies: new LargeBodies({ database, content, outbox }),
      maxMessageBytes: peer.status().limits.maxMessageBytes,
      onChange,
    }),
    onChange,
    locks: navigator.locks,
    address: new AddressSecret(secret, records),
    ended: life.signal,
  })
  await mailbox.start()
  return mailbox
}
