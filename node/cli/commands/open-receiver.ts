/** Opens a receiver by its settings: its directory and its inbox, and once there is a peer the ends that it listens at. */

import { checkRules, hashnameOf, type Messages, parseEnd, publicKeyOf } from '../../index.ts'
import { type InboxEvent, openInbox, type StoredInbox } from '../../server/inbox/inbox.ts'
import { INBOX_DEFAULTS, type InboxSettings } from '../../server/inbox/inbox-admission.ts'
import { createInboxReceiver, type InboxReceiver } from '../../server/inbox/inbox-receiver.ts'
import { openReceiverDirectory } from '../../server/inbox/receiver-directory.ts'
import type { WritingEvent } from '../../server/store/database-file.ts'
import type { Configuration } from '../settings.ts'

export type OpenedReceiver = Awaited<ReturnType<typeof openReceiver>>

/**
 * @param name one that begins with `#` is an open end to listen at, too
 * @throws {MayflyError} ERR_BAD_END, ERR_BAD_RULE, ERR_BAD_OPTION, ERR_DAMAGED
 * @throws the system's error, in words
 */
export async function openReceiver(configuration: Configuration, name: string, onEvent: (event: InboxEvent) => void) {
  const { data, tap, rule, trustClock } = configuration
  // Checked before anything is written.
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
      isClockTrusted: trustClock,
      onEvent,
      ...inboxSettings(configuration),
    })
    setSenders(inbox, configuration)
  } catch (error) {
    inbox?.close()
    directory.release()
    throw error
  }
  const opened = inbox
  return {
    hashname,
    secret,
    /** The outbox of the messages that it sends. */
    outboxPath,
    inbox: opened,
    /** Connects it to the network, once there is a peer. */
    connect: (messages: Pick<Messages, 'tap' | 'post' | 'entry'>, onProblem: (error: unknown) => void): InboxReceiver =>
      createInboxReceiver({ messages, inbox: opened, secret, ends, rules, onProblem }),
    /** Takes the settings that may change while it receives. */
    configure(next: Configuration): void {
      opened.configure(inboxSettings(next))
      setSenders(opened, next)
    },
    /** Closes the inbox, and unlocks its directory for other processes. May be called twice. */
    close(): void {
      opened.close()
      directory.release()
    },
  }
}

/** The policy, rate and lifetime of messages; a setting that was not given is the default. */
function inboxSettings({ policy, keepDays, keepCount, senderRate }: Configuration): InboxSettings {
  return { policy, keepDays, keepCount, senderRate: senderRate ?? INBOX_DEFAULTS.senderRate }
}

function setSenders(inbox: StoredInbox, { name, mute }: Configuration): void {
  for (const sender of name) inbox.setSender(sender.hashname, { name: sender.name })
  for (const sender of mute) inbox.setSender(sender, { isMuted: true })
}

/** An event of an inbox, in words for its owner. */
export function describeInboxEvent(event: InboxEvent): string {
  switch (event.type) {
    case 'damaged':
      return `Message ${event.sequence} has changed since it was stored, and is left out: do not trust this disk or this machine's memory`
    case 'failing':
      return `Cannot store messages: ${event.reason}. Senders are asked to try again; stored messages stay`
    case 'recovered':
      return 'Messages can be stored again'
    case 'kept-back': {
      const [now, known] = [event.nowMs, event.knownMs].map((ms) => new Date(ms).toISOString().slice(0, 16).replace('T', ' '))
      const would = `By this machine's clock (${now} UTC), ${event.messages} messages are older than ${event.keepDays} days and would be removed`
      return `${would}. They stay, since that clock is far ahead of the last known time (${known} UTC). If it is right, start once with --trust-clock`
    }
  }
}

/** An event of an outbox, in words for its owner. */
export function describeOutboxEvent(event: WritingEvent): string {
  if (event.type === 'recovered') return 'Messages can be posted again'
  return `Cannot write to the outbox: ${event.reason}. Posts are refused until it can be written; messages in it stay`
}
