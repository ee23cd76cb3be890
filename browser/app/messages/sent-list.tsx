/** The sent messages with their outcomes. One that is not done can be cancelled. */

import type { Mailbox } from '../../messages/mailbox.ts'
import type { SentMessage } from '../../messages/sent-messages.ts'
import { shortHash } from '../../text/short-text.ts'
import { outcomeSentence } from '../../words/message-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { useCell } from '../use-cell.ts'

export function SentList({ mailbox }: { mailbox: Mailbox }) {
  const sent = useCell(mailbox.sent.list)
  if (sent.length === 0) return null
  return (
    <section class="sent" aria-labelledby="sent-title">
      <h2 id="sent-title">Sent</h2>
      <ol data-testid="sent">
        {sent.map((message) => (
          <SentRow key={message.id} mailbox={mailbox} message={message} />
        ))}
      </ol>
    </section>
  )
}

function SentRow({ mailbox, message }: { mailbox: Mailbox; message: SentMessage }) {
  const { id, end, text, createdAtMs, outcome, isDone } = message
  const name = useCell(mailbox.settings.names).get(end)
  return (
    <li data-id={id} data-state={outcome?.state ?? 'sending'} data-done={isDone}>
      <p>
        To {end.startsWith('#') ? end : (name ?? <code title={end}>{shortHash(end)}</code>)}{' '}
        <time class="facts" dateTime={new Date(createdAtMs).toISOString()}>
          {new Date(createdAtMs).toLocaleTimeString()}
        </time>
      </p>
      {text !== undefined && (
        <p class="begins" dir="auto">
          {text}
        </p>
      )}
      <p class="facts">{outcomeSentence(message)}</p>
      <ActionButton
        text={isDone ? 'Remove' : 'Cancel'}
        title={isDone ? undefined : 'This browser stops sending it. Nodes that store it already may still deliver it.'}
        onClick={() => mailbox.sent.forget(id)}
        data-testid="forget"
      />
    </li>
  )
}
