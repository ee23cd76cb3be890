/** How something that was sent to a drop box stands there, and when its tab may be closed. */

import type { DropVisit, SendingState } from '../../sharing/drop-visit.ts'
import { changedSentence, keepOpenSentence, sendingSentence, sentSentence } from '../../words/drop-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { useCell } from '../use-cell.ts'

export function Sending({ visit, sending, isOpen }: { visit: DropVisit; sending: SendingState; isOpen: boolean }) {
  const isKept = useCell(visit.isKept)
  if (sending.state === 'done') return <Done visit={visit} sending={sending} />
  if (sending.state === 'idle' || sending.state === 'refused' || sending.state === 'interrupted') return null
  const stop = () => {
    if (confirm('Stop sending? They do not get the rest.')) void visit.stop()
  }
  const changed = sending.state === 'sending' ? changedSentence(sending.changed) : undefined
  return (
    <section class="sending" aria-label="What you send" data-testid="sending" data-state={sending.state}>
      <p class="notice" data-testid="drop-keep">
        {keepOpenSentence({ isKept })}
      </p>
      {sending.state === 'sending' && <progress value={sending.done} max={Math.max(1, sending.total)} aria-label="Sent" />}
      {/* A screen reader hears each change of state, and not each step of the bar. */}
      <p
        class={sending.state === 'failed' ? 'problem' : undefined}
        {...(sending.state !== 'sending' && { role: sending.state === 'failed' ? 'alert' : 'status' })}
        data-testid="drop-state"
      >
        {sendingSentence(sending, { isOpen })}
      </p>
      {changed && <p role="status">{changed}</p>}
      <p class="actions">
        <ActionButton text="Stop sending" onClick={stop} data-testid="drop-stop" />
      </p>
    </section>
  )
}

function Done({ visit, sending }: { visit: DropVisit; sending: Extract<SendingState, { state: 'done' }> }) {
  return (
    <section class="sending" aria-label="What you sent" data-testid="sending" data-state="done">
      <p class="notice" role="status" data-testid="drop-done">
        {sentSentence(sending.offer)}
      </p>
      <p class="actions">
        <ActionButton text="Send something else" onClick={() => visit.again()} data-testid="drop-again" />
      </p>
    </section>
  )
}
