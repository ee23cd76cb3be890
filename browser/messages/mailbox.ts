/**
 * The mailbox of this origin, as its views see it: the messages that arrived, those that were sent, and the settings of the receiver. Every tab of
 * the browser has one, and all show the same.
 */

import { onAbort } from '../../node/async/abort.ts'
import { encodeKeyHex, hashnameOf, type Kept, type Message, type MessageSecret, type Messages, type Posted } from '../../node/index.ts'
import { Cell } from '../cell.ts'
import { harmlessLine } from '../text/harmless-text.ts'
import type { AddressSecret } from './address-secret.ts'
import { coalesce } from './coalesce.ts'
import type { ArrivedMessage, InboxRecords } from './inbox-records.ts'
import { type InboxRow, textOf } from './inbox-row.ts'
import { MessageReceiver } from './message-receiver.ts'
import { Notices } from './notices.ts'
import type { ReceiverSettings } from './receiver-settings.ts'
import type { SentMessages } from './sent-messages.ts'

interface MailboxOptions {
  messages: Pick<Messages, 'tap'>
  secret: MessageSecret
  hashname: string
  /** False in a page that came by plain http from another machine: then only open ends work. */
  canEncrypt: boolean
  inbox: InboxRecords
  settings: ReceiverSettings
  sent: SentMessages
  /** Calls the listener after a change of the database, in this tab or another. */
  onChange(listener: () => void): () => void
  locks: Pick<LockManager, 'request'> | undefined
  address: AddressSecret
  /** Aborted when another address takes the place of this one: the mailbox has ended. */
  ended: AbortSignal
}

/** Rows that are shown at first, and added for each "Show older ones". */
const PAGE = 50
const NOTICE_LENGTH = 140

export class Mailbox {
  readonly hashname: string
  readonly address: AddressSecret
  readonly ended: AbortSignal
  readonly canEncrypt: boolean
  readonly settings: ReceiverSettings
  readonly sent: SentMessages
  readonly receiver: MessageReceiver
  readonly notices = new Notices()
  readonly #records: InboxRecords
  readonly #onChange: MailboxOptions['onChange']
  /** Newest first. */
  readonly inbox = new Cell<readonly InboxRow[]>([])
  readonly counts = new Cell({ messages: 0, unread: 0 })
  #shown = PAGE

  constructor({ messages, secret, hashname, canEncrypt, inbox, settings, sent, onChange, locks, address, ended }: MailboxOptions) {
    this.hashname = hashname
    this.address = address
    this.ended = ended
    this.canEncrypt = canEncrypt
    this.settings = settings
    this.sent = sent
    this.#records = inbox
    this.#onChange = onChange
    const keep = (end: string, arrived: Message[]) => this.#keep(end, arrived)
    this.receiver = new MessageReceiver({ messages, secret, hashname: canEncrypt ? hashname : undefined, ends: settings.ends, keep, locks })
  }

  /** Reads what is stored, and starts to receive. Call it once. @throws DOMException, when it cannot be read */
  async start(): Promise<void> {
    const { ended } = this
    await Promise.all([this.#read(), this.sent.start(this.receiver.state, ended)])
    onAbort(ended, this.#onChange(coalesce(() => this.#read())))
    this.receiver.start(ended)
  }

  /** Sends the draft. @throws {MayflyError} see `Messages.post` */
  post(): Promise<Posted> {
    const { to } = this.sent.draft.state.get()
    return this.sent.post(this.settings.endOf(to) ?? to.trim())
  }

  /** Marks everything on screen as read. */
  async markRead(): Promise<void> {
    const [newest] = this.inbox.get()
    if (newest !== undefined && this.counts.get().unread > 0) await this.#records.markRead(newest.sequence)
  }

  async showOlder(): Promise<void> {
    this.#shown += PAGE
    await this.#read()
  }

  removeMessage(sequence: number): Promise<void> {
    return this.#records.remove(sequence)
  }

  async #keep(end: string, arrived: Message[]): Promise<Kept[]> {
    const { kept, added } = await this.#records.keep(
      arrived.map((message) => arrivedAt(end, message)),
      ({ from }) => this.settings.refuse(end, from),
    )
    for (const row of added) {
      const text = textOf(row)?.slice(0, NOTICE_LENGTH) ?? harmlessLine(row.type)
      const on = end === this.hashname ? '' : ` on ${end}`
      this.notices.show({ id: row.id, title: `${this.settings.nameOf(row.from)}${on}`, text })
    }
    return kept
  }

  async #read(): Promise<void> {
    const [rows, counts] = await Promise.all([this.#records.list(this.#shown), this.#records.count(), this.settings.read()])
    this.inbox.set(rows)
    this.counts.set(counts)
  }
}

function arrivedAt(end: string, { id, from, sentAtMs, expiresAtMs, isSealed, type, fields, body }: Message): ArrivedMessage {
  return { id: encodeKeyHex(id), end, from: hashnameOf(from), sentAtMs, expiresAtMs, isSealed, type, fields, body }
}
