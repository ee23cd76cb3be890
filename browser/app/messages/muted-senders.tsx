/** The muted senders, each with a button to unmute it. Hidden while there are none. */

import type { Mailbox } from '../../messages/mailbox.ts'
import { useCell } from '../use-cell.ts'

export function MutedSenders({ mailbox }: { mailbox: Mailbox }) {
  const muted = useCell(mailbox.settings.muted)
  useCell(mailbox.settings.names)
  if (muted.size === 0) return null
  return (
    <section class="muted-senders" aria-labelledby="muted-title">
      <h2 id="muted-title">Muted</h2>
      <ul data-testid="muted">
        {[...muted].map((hashname) => (
          <li key={hashname} data-hashname={hashname}>
            <span title={hashname}>{mailbox.settings.nameOf(hashname)}</span>
            <button type="button" class="quiet" onClick={() => mailbox.settings.muteSender(hashname, false)}>
              Unmute
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
