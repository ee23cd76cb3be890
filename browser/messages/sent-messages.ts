/** The messages that this origin sends: the draft, the list of sent messages with their outcomes, and long bodies, which are held as content. */

import { onAbort } from '../../node/async/abort.ts'
import { decodeKeyHex, encodeKeyHex, type MessageSecret, type Messages, type OutboxEntry, type Posted, parseEnd } from '../../node/index.ts'
import { Cell, type ReadableCell } from '../cell.ts'
import type { OutboxRecords } from '../peer/outbox-records.ts'
import { coalesce } from './coalesce.ts'
import type { Draft } from './draft.ts'
import type { LargeBodies } from './large-bodies.ts'
import type { ReceiverState } from './message-receiver.ts'
import type { SentTexts } from './sent-texts.ts'

/** An outbox entry as the list of sent messages shows it. */
export interface SentMessage extends Pick<OutboxEntry, 'end' | 'createdAtMs' | 'expiresAtMs' | 'outcome' | 'isDone'> {
  /** Hex. */
  id: string
  /** The beginning of its text, if it was stored. */
  text: string | undefined
}

interface SentMessagesOptions {
  draft: Draft
  messages: Pick<Messages, 'post' | 'forget'>
  secret: MessageSecret
  outbox: OutboxRecords
  texts: SentTexts
  largeBodies: LargeBodies
  /** Limit of a message's body, in bytes; a larger one is held as content. */
  maxMessageBytes: number
  /** Calls the listener after a change of the database, in this tab or another. */
  onChange(listener: () => void): () => void
}

/** Rows in the list. */
const MAX_SHOWN = 50
/** How often long bodies are checked for messages that are over, in ms. */
const LARGE_MS = 600_000

export class SentMessages {
  readonly draft: Draft
  readonly #options: Omit<SentMessagesOptions, 'draft'>
  /** Newest first. */
  readonly list = new Cell<readonly SentMessage[]>([])

  constructor({ draft, ...options }: SentMessagesOptions) {
    this.draft = draft
    this.#options = options
  }

  /**
   * Reads the list, and follows its changes until the signal is aborted.
   *
   * @param receiver the tab that receives also holds long bodies, whichever tab sent them
   * @throws DOMException
   */
  async start(receiver: ReadableCell<ReceiverState>, signal: AbortSignal): Promise<void> {
    const { largeBodies, onChange, outbox } = this.#options
    await this.#read()
    const followLarge = coalesce(() => largeBodies.follow(receiver.get() === 'here'))
    const endings = [coalesce(() => this.#read()), followLarge].flatMap((follow) => [onChange(follow), outbox.onChange(follow)])
    endings.push(receiver.subscribe(followLarge))
    const timer = setInterval(followLarge, LARGE_MS)
    onAbort(signal, () => {
      clearInterval(timer)
      for (const end of endings) end()
    })
  }

  /**
   * Sends the draft to an end. The message is in the outbox when this resolves, unless it was refused before.
   *
   * @throws {MayflyError} see `Messages.post`
   */
  async post(end: string): Promise<Posted> {
    const { text, answers } = this.draft.state.get()
    const posted = await this.#post(end, text, answers === undefined ? {} : { re: answers })
    // The message is sent, even if its text cannot be stored for the list.
    if (posted.id.some((byte) => byte !== 0)) await this.#options.texts.remember(encodeKeyHex(posted.id), text).catch(() => {})
    return posted
  }

  /** Cancels a message that is not done, or removes it from the list. */
  async forget(id: string): Promise<void> {
    await this.#options.messages.forget(decodeKeyHex(id))
    await this.#options.texts.forget(id)
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
      void largeBodies.sent(hash, id).catch(() => {}) // it is held all the same, until this tab is reloaded
    }
    try {
      return await messages.post(end, { body: '', type, fields: { ...fields, link } }, { secret, onKept })
    } finally {
      if (!isKept) await largeBodies.drop(hash).catch(() => {})
    }
  }

  async #read(): Promise<void> {
    const [entries, texts] = await Promise.all([this.#options.outbox.list(MAX_SHOWN), this.#options.texts.all()])
    this.list.set(
      entries.map(({ id, end, createdAtMs, expiresAtMs, outcome, isDone }) => {
        const name = encodeKeyHex(id)
        return { id: name, text: texts.get(name), end, createdAtMs, expiresAtMs, outcome, isDone }
      }),
    )
  }
}
