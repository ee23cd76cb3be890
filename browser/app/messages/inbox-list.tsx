/** The inbox, newest message first. Others wrote it, so all of it is shown as plain text. */

import { useEffect } from 'preact/hooks'
import type { InboxRow } from '../../messages/inbox-row.ts'
import type { Mailbox } from '../../messages/mailbox.ts'
import type { Tab } from '../../tab.ts'
import { ActionButton } from '../action-button.tsx'
import { useCell } from '../use-cell.ts'
import { InboxMessage } from './inbox-message.tsx'

export function InboxList({ tab, mailbox }: { tab: Tab; mailbox: Mailbox }) {
  const rows = useCell(mailbox.inbox)
  const { messages } = useCell(mailbox.counts)
  useSeen(mailbox, rows)
  const byId = new Map(rows.map((row) => [row.id, row]))
  return (
    <section class="inbox" aria-labelledby="inbox-title">
      <h2 id="inbox-title">Inbox</h2>
      {rows.length === 0 && <p class="hint">No messages yet. Give somebody your address, or listen to an open name.</p>}
      <ol data-testid="inbox" aria-live="polite">
        {rows.map((row) => (
          <InboxMessage key={row.sequence} tab={tab} mailbox={mailbox} row={row} answered={byId.get(row.fields.re ?? '')} />
        ))}
      </ol>
      {messages > rows.length && <ActionButton text="Show older messages" data-testid="older" onClick={() => mailbox.showOlder()} />}
    </section>
  )
}

/** Marks the messages on screen as read while the page is visible. */
function useSeen(mailbox: Mailbox, rows: readonly InboxRow[]): void {
  useEffect(() => {
    const onLook = () => {
      if (!document.hidden) void mailbox.markRead()
    }
    onLook()
    document.addEventListener('visibilitychange', onLook)
    return () => document.removeEventListener('visibilitychange', onLook)
  }, [mailbox, rows])
}
