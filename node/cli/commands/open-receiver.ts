/** A receiver from its settings: its directory, its inbox, and the ends that it listens at once there is a peer. */

import type { MessageSecret, Messages } from '../../index.ts'
import { checkRules, hashnameOf, parseEnd, publicKeyOf } from '../../index.ts'
import { type InboxEvent, openInbox, type StoredInbox } from '../../server/inbox/inbox.ts'
import { createReceiver, type Receiver } from '../../server/inbox/receiver.ts'
import { openReceiverDirectory } from '../../server/inbox/receiver-directory.ts'
import type { Configuration } from '../settings.ts'

export type ReceiverConfiguration = Pick<
  Configuration,
  'data' | 'tap' | 'rule' | 'policy' | 'name' | 'mute' | 'keepDays' | 'keepCount' | 'senderRate'
>

export interface OpenReceiverOptions {
  configuration: ReceiverConfiguration
  /** One that begins with `#` is an open end to listen at, too. */
  name: string
  onEvent(event: InboxEvent): void
}

export interface OpenedReceiver {
  readonly hashname: string
  readonly secret: MessageSecret
  /** Where messages that it posts wait. */
  readonly outboxPath: string
  readonly inbox: StoredInbox
  /** Its way into the network, once there is a peer. */
  connect(messages: Pick<Messages, 'tap' | 'post'>, onProblem: (error: unknown) => void): Receiver
  /** Closes the inbox, and lets another process have it. May be called twice. */
  close(): void
}

/**
 * @throws {MayflyError} ERR_BAD_END, ERR_BAD_RULE, ERR_BAD_OPTION, ERR_DAMAGED
 * @throws the system's error, in words
 */
export async function openReceiver({ configuration, name, onEvent }: OpenReceiverOptions): Promise<OpenedReceiver> {
  const { data, tap, rule, policy, keepDays, keepCount, senderRate } = configuration
  // Looked at before anything is made.
  const rules = checkRules(rule)
  const ends = [...(name.startsWith('#') ? [name] : []), ...tap].map((end) => parseEnd(end).text)
  const directory = await openReceiverDirectory(data, name)
  const { secret, inboxPath, outboxPath } = directory
  const hashname = hashnameOf(publicKeyOf(secret))
  let inbox: StoredInbox | undefined
  try {
    inbox = openInbox({
      path: inboxPath,
      hashname,
      policy,
      onEvent,
      ...(keepDays !== undefined && { keepDays }),
      ...(keepCount !== undefined && { keepCount }),
      ...(senderRate !== undefined && { senderRate }),
    })
    for (const sender of configuration.name) inbox.setSender(sender.hashname, { name: sender.name })
    for (const sender of configuration.mute) inbox.setSender(sender, { isMuted: true })
  } catch (error) {
    inbox?.close()
    directory.release()
    throw error
  }
  const opened = inbox
  return {
    hashname,
    secret,
    outboxPath,
    inbox: opened,
    connect: (messages, onProblem) => createReceiver({ messages, inbox: opened, secret, ends, rules, onProblem }),
    close() {
      opened.close()
      directory.release()
    },
  }
}

/** What happens in an inbox, in words for its owner. */
export function describeInboxEvent(event: InboxEvent): string {
  switch (event.type) {
    case 'damaged':
      return `Message ${event.sequence} is not as it was stored, and left out: the disk or its memory is not to be trusted`
    case 'failing':
      return `Cannot store messages: ${event.reason}. Their senders are told to try again; what is stored stays`
    case 'recovered':
      return 'Messages can be stored again'
  }
}
