/** Calls of contacts that wait for this person's answer, and the notes that came: in a corner of every page. */

import '../../people.css'
import type { ReadableCell } from '../../cell.ts'
import type { Question } from '../../people/consents.ts'
import type { Note } from '../../people/notes.ts'
import type { TabPeople } from '../../people/tab-people.ts'
import type { TabOffers } from '../../sharing/tab-offers.ts'
import { ActionButton } from '../action-button.tsx'
import { CopyButton } from '../copy-button.tsx'
import { useCell } from '../use-cell.ts'
import { Offered } from './offered.tsx'

export function Callers({ people, offers }: { people: TabPeople; offers: ReadableCell<TabOffers | undefined> }) {
  const questions = useCell(people.consents.questions)
  const notes = useCell(people.notes.received)
  const opened = useCell(offers)
  return (
    <ul class="callers" aria-label="From your contacts" aria-live="polite">
      {questions.map((question) => (
        <Asked key={question} question={question} />
      ))}
      {opened && <Offered offers={opened} />}
      {notes.map((note) => (
        <Received key={note} note={note} onClose={() => people.notes.dismiss(note)} />
      ))}
    </ul>
  )
}

function Asked({ question }: { question: Question }) {
  const name = question.caller.alias ?? question.caller.account.slice(0, 8)
  return (
    <li class="caller" data-testid="question">
      <p>
        <strong dir="auto">{name}</strong> wants to show you a note, and hears what you answer.
      </p>
      <div class="actions">
        <button type="button" onClick={() => question.answer('once')} data-testid="consent-once">
          Show it
        </button>
        <ActionButton text={`Always show notes of ${name}`} onClick={() => question.answer('always')} data-testid="consent-always" />
        <ActionButton text="No" onClick={() => question.answer('refused')} data-testid="consent-refused" />
      </div>
    </li>
  )
}

function Received({ note: { from, text, atMs }, onClose }: { note: Note; onClose(): void }) {
  return (
    <li class="caller" data-testid="note">
      <p>
        <strong dir="auto">{from}</strong> <span class="facts">{new Date(atMs).toLocaleTimeString()}</span>
      </p>
      <p class="text" dir="auto">
        {withLinks(text)}
      </p>
      <div class="actions">
        <CopyButton text={text} label="Copy the note" />
        <ActionButton text="Close" onClick={onClose} data-testid="close-note" />
      </div>
    </li>
  )
}

/** Addresses in a note open another tab, which learns nothing of this one. */
function withLinks(text: string) {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map((part, i) =>
    i % 2 === 1 ? (
      <a key={i} href={part} target="_blank" rel="noopener noreferrer">
        {part}
      </a>
    ) : (
      part
    ),
  )
}
