/** The sent messages, below the field that they were written in: the newest, what became of each, and all of them on demand. */

import { useState } from 'preact/hooks'
import type { Mailbox } from '../../messages/mailbox.ts'
import type { SentMessage } from '../../messages/sent-messages.ts'
import { shortHash } from '../../text/short-text.ts'
import { outcomeSentence } from '../../words/message-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { useCell } from '../use-cell.ts'

/** On a phone, the inbox is below. */
const FIRST_ROWS = 3

export function SentList({ mailbox }: { mailbox: Mailbox }) {
  const sent = useCell(mailbox.sent.list)
  const [all, setAll] = useState(false)
  if (sent.length === 0) return null
  return (
    <section class="sent" aria-labelledby="sent-title">
      <h2 id="sent-title">Sent</h2>
      <ol data-testid="sent">
        {(all ? sent : sent.slice(0, FIRST_ROWS)).map((message) => (
          <SentRow key={message.id} mailbox={mailbox} message={message} />
        ))}
      </ol>
      {sent.length > FIRST_ROWS && (
        <ActionButton
          text={all ? 'Show only the newest' : `Show all ${sent.length}`}
          class="plain"
          aria-expanded={all}
          data-testid="sent-all"
          onClick={() => setAll(!all)}
        />
      )}
    </section>
  )
}

function SentRow({ mailbox, message }: { mailbox: Mailbox; message: SentMessage }) {
  const { id, end, text, createdAtMs, outcome, isDone } = message
  const name = useCell(mailbox.settings.names).get(end)
  return (
    <li data-id={id} data-state={outcome?.state ?? 'sending'} data-done={isDone}>
      {text !== undefined && (
        <p class="begins" dir="auto">
          {text}
        </p>
      )}
      <p class="outcome" role="status">
        {outcomeSentence(message)}
      </p>
      <p class="facts">
        To {end.startsWith('#') ? end : (name ?? <code title={end}>{shortHash(end)}</code>)},{' '}
        <time dateTime={new Date(createdAtMs).toISOString()}>{new Date(createdAtMs).toLocaleTimeString()}</time>
      </p>
      <ActionButton
        text={isDone ? 'Remove' : 'Cancel'}
        title={isDone ? undefined : 'This browser stops sending it. Nodes that keep it already may still deliver it.'}
        onClick={() => mailbox.sent.forget(id)}
        data-testid="forget"
      />
    </li>
  )
}
