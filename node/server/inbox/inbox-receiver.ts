/** A receiver: an inbox on disk that listens at its own hashname and at open ends, through a peer that was created elsewhere. */

import {
  hashnameOf,
  type Inbox,
  MayflyError,
  type Message,
  type MessageSecret,
  type Messages,
  publicKeyOf,
  type Tap,
  type TapRule,
} from '../../index.ts'
import type { StoredInbox } from './inbox.ts'

interface InboxReceiverOptions {
  messages: Pick<Messages, 'tap' | 'post' | 'entry'>
  inbox: StoredInbox
  secret: MessageSecret
  /** Open ends to listen at, besides its own hashname. */
  ends: readonly string[]
  /** Messages of open ends to keep; all when empty. */
  rules: readonly TapRule[]
  /** Called when it cannot listen at an end, or no longer. */
  onProblem(error: unknown): void
}

export type InboxReceiver = ReturnType<typeof createInboxReceiver>

/** @throws {MayflyError} ERR_WRONG_KEY: the inbox belongs to another secret */
export function createInboxReceiver({ messages, inbox, secret, ends, rules, onProblem }: InboxReceiverOptions) {
  const own = hashnameOf(publicKeyOf(secret))
  if (own !== inbox.hashname) throw new MayflyError('ERR_WRONG_KEY', `Cannot receive as ${inbox.hashname}: the secret is that of ${own}`)
  const taps = new Map<string, Tap>()

  function listenAt(end: string): void {
    if (taps.has(end)) return
    const keep = (arrived: Message[]) => inbox.keep(end, arrived)
    const tap = messages.tap(end, end === own ? { secret, keep } : { secret, keep, rules })
    taps.set(end, tap)
    tap.ready.catch(onProblem)
  }

  for (const end of ends) inbox.addEnd(end)
  const sendingInbox: Inbox = {
    ...inbox,
    post: (end, draft, options) => messages.post(end, draft, { ...options, secret }),
    entry: (id) => messages.entry(id),
  }
  return {
    inbox: sendingInbox,
    /**
     * Listens from now on, through a peer that has been started. May be called twice.
     *
     * @throws {MayflyError} ERR_BAD_END, ERR_BAD_RULE, ERR_LIMIT, ERR_NOT_STARTED
     */
    start(): void {
      for (const end of [own, ...ends]) listenAt(end)
    },
    /** Stops listening; the inbox stays open. May be called twice. */
    async stop(): Promise<void> {
      const open = [...taps.values()]
      taps.clear()
      await Promise.all(open.map((tap) => tap.close()))
    },
  }
}
