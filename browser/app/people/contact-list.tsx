/** The contacts, those who are here first. */

import { useState } from 'preact/hooks'
import type { ReadableCell } from '../../cell.ts'
import type { ShownContact, TabPeople } from '../../people/tab-people.ts'
import type { TabOffers } from '../../sharing/tab-offers.ts'
import { addProblemSentence } from '../../words/people-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { Problem } from '../problem.tsx'
import { useCell } from '../use-cell.ts'
import { NoteForm } from './note-form.tsx'
import { MadeOffers, OfferForm } from './offer-form.tsx'

export function ContactList({ people, offers }: { people: TabPeople; offers: ReadableCell<TabOffers | undefined> }) {
  const contacts = useCell(people.contacts)
  const opened = useCell(offers)
  return (
    <section aria-labelledby="contacts-title">
      <h2 id="contacts-title">Contacts</h2>
      {contacts.length === 0 && <p class="hint">None yet. Add somebody, or enter a code that somebody gave you.</p>}
      <ul data-testid="contacts" aria-live="polite">
        {contacts.map((contact) => (
          <ContactRow key={contact.account} people={people} contact={contact} offers={opened} />
        ))}
      </ul>
    </section>
  )
}

function ContactRow({ people, contact, offers }: { people: TabPeople; contact: ShownContact; offers: TabOffers | undefined }) {
  const { account, alias, state, instances, needsNoConsent } = contact
  const { contacts } = people.people
  const [problem, setProblem] = useState<string>()
  const [isWriting, setWriting] = useState(false)
  const [isSending, setSending] = useState(false)
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
      {state === 'trusted' && offers && (
        <ActionButton
          text={isSending ? 'Close the files' : 'Send files'}
          aria-label={isSending ? `Close the files for ${alias}` : `Send files to ${alias}`}
          aria-expanded={isSending}
          onClick={() => setSending(!isSending)}
          data-testid="send-files"
        />
      )}
      {needsNoConsent && (
        <ActionButton
          text="Ask me before notes"
          aria-label={`Ask me before notes of ${alias} are shown`}
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
      {isSending && state === 'trusted' && offers && <OfferForm offers={offers} account={account} alias={alias} />}
      {offers && <MadeOffers offers={offers} account={account} alias={alias} />}
    </li>
  )
}
