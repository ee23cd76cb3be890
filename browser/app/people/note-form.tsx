/** Writes a note to a contact who is here, and says what became of it. */

import { useEffect, useRef, useState } from 'preact/hooks'
import type { TabPeople } from '../../people/tab-people.ts'
import { NOTE_SENTENCES, noteProblemSentence } from '../../words/people-sentence.ts'
import { ActionButton } from '../action-button.tsx'

/** UTF-16 code units, as a field counts them. The limit of notes.ts. */
const MAX_LENGTH = 2_000

export function NoteForm({ people, account, alias }: { people: TabPeople; account: string; alias: string }) {
  const [text, setText] = useState('')
  const [outcome, setOutcome] = useState('')
  const [sending, setSending] = useState<AbortController>()
  const open = useRef<AbortController | undefined>(undefined)
  open.current = sending
  useEffect(() => () => open.current?.abort(), []) // nobody waits for the answer any more
  const send = async (event: Event) => {
    event.preventDefault()
    const controller = new AbortController()
    setSending(controller)
    setOutcome('')
    try {
      const found = await people.notes.send(account, text, { signal: controller.signal })
      setOutcome(NOTE_SENTENCES[found](alias))
      if (found === 'read') setText('')
    } catch (error) {
      if (!controller.signal.aborted) setOutcome(noteProblemSentence(error))
    }
    setSending(undefined)
  }
  return (
    <form class="note-form" onSubmit={send} aria-label={`Note for ${alias}`}>
      <label>
        A note or a link for {alias}, who may refuse it
        <textarea
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          required
          rows={2}
          maxLength={MAX_LENGTH}
          disabled={sending !== undefined}
          data-testid="note-text"
        />
      </label>
      <div class="actions">
        <button type="submit" disabled={sending !== undefined} data-testid="send-note">
          {sending ? `Waiting for ${alias}…` : 'Send'}
        </button>
        {sending && <ActionButton text="Take it back" onClick={() => sending.abort()} data-testid="take-back-note" />}
      </div>
      <p role="status" data-testid="note-outcome">
        {outcome}
      </p>
    </form>
  )
}
