/** The contacts, those who are here first. */

import { useState } from 'preact/hooks'
import type { ShownContact, TabPeople } from '../../people/tab-people.ts'
import { addProblemSentence } from '../../words/people-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { Problem } from '../problem.tsx'
import { useCell } from '../use-cell.ts'
import { NoteForm } from './note-form.tsx'

export function ContactList({ people }: { people: TabPeople }) {
  const contacts = useCell(people.contacts)
  return (
    <section aria-labelledby="contacts-title">
      <h2 id="contacts-title">Contacts</h2>
      {contacts.length === 0 && <p class="hint">None yet. Add somebody, or enter a code that somebody gave you.</p>}
      <ul data-testid="contacts" aria-live="polite">
        {contacts.map((contact) => (
          <ContactRow key={contact.account} people={people} contact={contact} />
        ))}
      </ul>
    </section>
  )
}

function ContactRow({ people, contact }: { people: TabPeople; contact: ShownContact }) {
  const { account, alias, state, instances, needsNoConsent } = contact
  const { contacts } = people.people
  const [problem, setProblem] = useState<string>()
  const [isWriting, setWriting] = useState(false)
  const run = (work: Promise<void>) => void work.catch((error: unknown) => setProblem(addProblemSentence(error)))
  const rename = () => {
    const wanted = prompt('Your name for this person', alias)
    if (wanted !== null) run(contacts.rename(account, wanted))
  }
  const remove = () => {
    if (confirm(`Remove ${alias}? You would need a new link or code to be contacts again.`)) run(contacts.remove(account))
  }
  const status = state === 'blocked' ? 'blocked' : instances === 0 ? 'away' : instances === 1 ? 'here' : `here, ${instances} times`
  return (
    <li data-account={account} data-instances={instances}>
      <span class="name" dir="auto">
        {alias}
      </span>
      <span class="facts">{status}</span>
      {state === 'trusted' && (instances > 0 || isWriting) && (
        <ActionButton
          text={isWriting ? 'Close the note' : 'Write a note'}
          aria-label={isWriting ? `Close the note for ${alias}` : `Write a note to ${alias}`}
          aria-expanded={isWriting}
          onClick={() => setWriting(!isWriting)}
          data-testid="write-note"
        />
      )}
      {needsNoConsent && (
        <ActionButton
          text="Ask me before notes"
          aria-label={`Ask me before a note of ${alias} is shown`}
          onClick={() => run(people.consents.takeBack(account))}
          data-testid="ask-again"
        />
      )}
      <ActionButton text="Rename" aria-label={`Rename ${alias}`} onClick={rename} />
      {state === 'blocked' ? (
        <ActionButton text="Unblock" aria-label={`Unblock ${alias}`} onClick={() => run(contacts.unblock(account))} />
      ) : (
        <ActionButton text="Block" aria-label={`Block ${alias}`} onClick={() => run(contacts.block(account))} />
      )}
      <ActionButton text="Remove" aria-label={`Remove ${alias}`} onClick={remove} />
      <Problem text={problem} />
      {isWriting && state === 'trusted' && <NoteForm people={people} account={account} alias={alias} />}
    </li>
  )
}
