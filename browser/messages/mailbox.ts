/**
 * The messages of this origin as its views see them: what arrived, what was sent and what became of it, who is known, and what can be done.
 * Every tab of the browser has one, and all show the same.
 */

import {
  checkRules,
  decodeKeyHex,
  encodeKeyHex,
  hashnameOf,
  type Message,
  type MessageSecret,
  type Messages,
  type Posted,
  parseEnd,
} from '../../node/index.ts'
import { Cell, type ReadableCell } from '../cell.ts'
import type { OutboxRecords } from '../peer/outbox-records.ts'
import { harmlessLine } from '../text/harmless-text.ts'
import { shortHash } from '../text/short-text.ts'
import { routeOf } from '../visit/route.ts'
import { Draft } from './draft.ts'
import { type EndPolicy, type EndSettings, refuseMessage } from './end-settings.ts'
import type { ArrivedMessage, InboxRecords } from './inbox-records.ts'
import type { InboxRow } from './inbox-row.ts'
import type { LargeBodies } from './large-bodies.ts'
import { Notices } from './notices.ts'
import type { ReceiverRecords } from './receiver-records.ts'
import { Receiving } from './receiving.ts'
import { type SentMessage, sentMessage } from './sent-message.ts'
import type { SentTexts } from './sent-texts.ts'
import { textOf } from './text-of.ts'

export interface MailboxOptions {
  messages: Messages
  secret: MessageSecret
  hashname: string
  inbox: InboxRecords
  receiver: ReceiverRecords
  outbox: OutboxRecords
  sentTexts: SentTexts
  largeBodies: LargeBodies
  /** Of a message's body, in bytes; what is larger goes as content. */
  maxMessageBytes: number
  /** Hears that another tab, or this one, changed something that is kept. */
  onChange(listener: () => void): () => void
  locks: Pick<LockManager, 'request'>
}

/** So many rows are shown at first, and more with each wish for older ones. */
const PAGE = 50
const NOTICE_LENGTH = 140
/** How often it is looked whether a long message is over, in ms. */
const LARGE_MS = 600_000

export class Mailbox {
  readonly hashname: string
  readonly receiving: Receiving
  readonly notices = new Notices()
  readonly draft = new Draft()
  readonly #options: MailboxOptions
  readonly #inbox = new Cell<readonly InboxRow[]>([])
  readonly #counts = new Cell({ messages: 0, unread: 0 })
  readonly #ends = new Cell<readonly EndSettings[]>([])
  readonly #policy = new Cell<EndPolicy>('open')
  readonly #muted = new Cell<ReadonlySet<string>>(new Set())
  readonly #names = new Cell<ReadonlyMap<string, string>>(new Map())
  readonly #sent = new Cell<readonly SentMessage[]>([])
  #shown = PAGE

  constructor(options: MailboxOptions) {
    const { messages, secret, hashname, locks } = options
    this.#options = options
    this.hashname = hashname
    const keep = (end: string, arrived: Message[]) => this.#keep(end, arrived)
    this.receiving = new Receiving({ messages, secret, hashname, ends: this.#ends, keep, locks })
  }

  /** The newest first. */
  get inbox(): ReadableCell<readonly InboxRow[]> {
    return this.#inbox
  }

  get counts(): ReadableCell<{ messages: number; unread: number }> {
    return this.#counts
  }

  /** The open ends that are listened to. */
  get ends(): ReadableCell<readonly EndSettings[]> {
    return this.#ends
  }

  /** Who may write to the own address. */
  get policy(): ReadableCell<EndPolicy> {
    return this.#policy
  }

  /** Senders of whom nothing is taken, by hashname. */
  get muted(): ReadableCell<ReadonlySet<string>> {
    return this.#muted
  }

  /** Names of senders, by hashname. */
  get names(): ReadableCell<ReadonlyMap<string, string>> {
    return this.#names
  }

  /** The newest first. */
  get sent(): ReadableCell<readonly SentMessage[]> {
    return this.#sent
  }

  /** Reads what is kept, and begins to receive. To be called once. @throws DOMException, when it cannot be read */
  async start(): Promise<void> {
    const { onChange, outbox } = this.#options
    const reread = oneAtATime(() => this.#read())
    const rereadSent = oneAtATime(() => this.#readSent())
    await Promise.all([this.#read(), this.#readSent()])
    onChange(() => {
      reread()
      rereadSent()
    })
    outbox.onChange(rereadSent)
    this.#followLarge()
    this.receiving.start()
  }

  /**
   * Listens to an open end, or takes something else of it from now on.
   *
   * @throws {MayflyError} ERR_BAD_END, ERR_BAD_RULE @throws {TooMany} @throws DOMException
   */
  async setEnd({ end, policy, rules }: EndSettings): Promise<void> {
    await this.#options.receiver.setEnd({ end: parseEnd(end).text, policy, rules: checkRules(rules) })
  }

  removeEnd(end: string): Promise<void> {
    return this.#options.receiver.removeEnd(end)
  }

  /** Says who may write to the own address. @throws DOMException */
  setPolicy(policy: EndPolicy): Promise<void> {
    const { hashname, receiver } = this.#options
    return policy === 'open' ? receiver.removeEnd(hashname) : receiver.setEnd({ end: hashname, policy, rules: [] })
  }

  /** Names a sender, or makes it unnamed (''). @throws {TooMany} @throws DOMException */
  nameSender(hashname: string, name: string): Promise<void> {
    return this.#options.receiver.setSender(hashname, { name })
  }

  /** Takes nothing of a sender from now on, or takes it again. What is there stays. @throws {TooMany} @throws DOMException */
  muteSender(hashname: string, isMuted: boolean): Promise<void> {
    return this.#options.receiver.setSender(hashname, { isMuted })
  }

  /** What to call a sender. */
  nameOf(hashname: string): string {
    return this.#names.get().get(hashname) ?? shortHash(hashname)
  }

  /** Everything that is shown was seen. */
  async markRead(): Promise<void> {
    const [newest] = this.#inbox.get()
    if (newest !== undefined && this.#counts.get().unread > 0) await this.#options.inbox.markRead(newest.sequence)
  }

  async showOlder(): Promise<void> {
    this.#shown += PAGE
    await this.#read()
  }

  removeMessage(sequence: number): Promise<void> {
    return this.#options.inbox.remove(sequence)
  }

  /**
   * Sends the draft. It is in the outbox when this resolves, unless it was refused before.
   *
   * @throws {MayflyError} see `Messages.post`
   */
  async post(): Promise<Posted> {
    const { to, text, answers } = this.draft.state.get()
    const end = this.endOf(to) ?? to.trim()
    const posted = await this.#post(end, text, answers === undefined ? {} : { re: answers })
    // It is sent; that its beginning cannot be kept is no reason to send it again.
    if (posted.id.some((byte) => byte !== 0)) await this.#options.sentTexts.remember(encodeKeyHex(posted.id), text).catch(() => {})
    return posted
  }

  /** The end that somebody means who writes an end, a link to one, or the name of a sender; undefined when it is none. */
  endOf(written: string): string | undefined {
    const text = written.trim()
    for (const [hashname, name] of this.#names.get()) if (name === text) return hashname
    try {
      return parseEnd(endOfLink(text) ?? text).text
    } catch {
      return undefined
    }
  }

  /** Gives up on a message, or forgets what became of it. */
  async forget(id: string): Promise<void> {
    await this.#options.messages.forget(decodeKeyHex(id))
    await this.#options.sentTexts.forget(id)
  }

  async #post(end: string, text: string, fields: Record<string, string>): Promise<Posted> {
    const { messages, secret, largeBodies, maxMessageBytes } = this.#options
    const body = new TextEncoder().encode(text)
    if (body.byteLength <= maxMessageBytes) return messages.post(end, { body: text, fields }, { secret })
    const type = 'text/plain'
    const { hash, link } = await largeBodies.hold(body, parseEnd(end).kind === 'hashname', type)
    let isKept = false
    const onKept = (id: Uint8Array) => {
      isKept = true
      void largeBodies.sent(hash, id).catch(() => {}) // held all the same, and until this tab is reloaded
    }
    try {
      return await messages.post(end, { body: '', type, fields: { ...fields, link } }, { secret, onKept })
    } finally {
      if (!isKept) await largeBodies.drop(hash).catch(() => {})
    }
  }

  /** The tab that receives also holds what is long, whichever tab sent it. */
  #followLarge(): void {
    const { largeBodies, outbox, onChange } = this.#options
    const follow = oneAtATime(() => largeBodies.follow(this.receiving.state.get() === 'here'))
    this.receiving.state.subscribe(follow)
    onChange(follow)
    outbox.onChange(follow)
    setInterval(follow, LARGE_MS)
  }

  async #keep(end: string, arrived: Message[]) {
    const policy = this.#policy.get()
    const settings = this.#ends.get().find((each) => each.end === end) ?? {
      end,
      policy: end === this.hashname ? policy : 'open',
      rules: [],
    }
    const known = { hashname: this.hashname, names: this.#names.get(), muted: this.#muted.get() }
    const { kept, added } = await this.#options.inbox.keep(
      arrived.map((message) => arrivedAt(end, message)),
      ({ from }) => refuseMessage(from, settings, known),
    )
    for (const row of added) {
      const text = textOf(row)?.slice(0, NOTICE_LENGTH) ?? harmlessLine(row.type)
      this.notices.show({ id: row.id, title: `${this.nameOf(row.from)}${end === this.hashname ? '' : ` on ${end}`}`, text })
    }
    return kept
  }

  async #read(): Promise<void> {
    const { inbox, receiver } = this.#options
    const [rows, counts, ends, { names, muted }] = await Promise.all([
      inbox.list(this.#shown),
      inbox.count(),
      receiver.ends(),
      receiver.senders(),
    ])
    this.#names.set(names)
    this.#muted.set(muted)
    this.#policy.set(ends.find(({ end }) => end === this.hashname)?.policy ?? 'open')
    this.#inbox.set(rows)
    this.#counts.set(counts)
    const open = ends.filter(({ end }) => end !== this.hashname)
    if (JSON.stringify(open) !== JSON.stringify(this.#ends.get())) this.#ends.set(open)
  }

  async #readSent(): Promise<void> {
    const [entries, texts] = await Promise.all([this.#options.outbox.list(PAGE), this.#options.sentTexts.all()])
    this.#sent.set(entries.map((entry) => sentMessage(entry, texts)))
  }
}

function arrivedAt(end: string, { id, from, sentAtMs, expiresAtMs, isSealed, type, fields, body }: Message): ArrivedMessage {
  return { id: encodeKeyHex(id), end, from: hashnameOf(from), sentAtMs, expiresAtMs, isSealed, type, fields, body }
}

/** The end that a link to a composer names; undefined for what is no such link. */
export function endOfLink(text: string): string | undefined {
  const [, part] = /^https?:\/\/[^/]+\/to\/([^/?#]+)$/.exec(text) ?? []
  if (part === undefined) return undefined
  const route = routeOf(`/to/${part}`)
  return route.view === 'messages' ? route.to : undefined
}

/** Runs the work now, and once more when it is asked for meanwhile. What fails is tried at the next change. */
function oneAtATime(work: () => Promise<void>): () => void {
  let running = false
  let again = false
  const run = async () => {
    if (running) {
      again = true
      return
    }
    running = true
    do {
      again = false
      await work().catch(() => {})
    } while (again)
    running = false
  }
  return () => void run()
}
