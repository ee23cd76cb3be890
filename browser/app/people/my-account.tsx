/** This browser's account: where it lives, what brings it back, and how it is forgotten here. */

import { useState } from 'preact/hooks'
import type { TabPeople } from '../../people/tab-people.ts'
import type { Tab } from '../../tab.ts'
import { accountProblemSentence, PROMISE_SENTENCES } from '../../words/people-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { Problem } from '../problem.tsx'
import { useCell } from '../use-cell.ts'
import { ForgetAccount } from './forget-account.tsx'
import { SaveAccount } from './save-account.tsx'

export function MyAccount({ tab, people }: { tab: Tab; people: TabPeople }) {
  const places = useCell(people.places)
  const { account } = people.people
  const [problem, setProblem] = useState<string>()
  const revoke = (id: string, name: string) => {
    if (!confirm(`Remove ${name} from your account? It can do nothing in your name from then on.`)) return
    account.revoke(id).catch((error: unknown) => setProblem(accountProblemSentence(error)))
  }
  const living = places.filter(({ isRevoked }) => !isRevoked)
  return (
    <section aria-labelledby="account-title">
      <h2 id="account-title">My account</h2>
      {living.length <= 1 && (
        <p class="notice" data-testid="one-place">
          Your account lives in this browser only. If its data is cleared, the account is gone. Write down the recovery words, save the
          account as a file, or add another place.
        </p>
      )}
      <ul data-testid="places">
        {living.map(({ id, name, role, isThis }) => (
          <li key={id}>
            <span class="name">{name}</span>{' '}
            <span class="facts">
              {isThis ? 'this browser' : 'another place'}
              {role === 'owner' ? ', has the recovery words' : ''}
            </span>
            {!isThis && account.isOwner && <ActionButton text="Remove" aria-label={`Remove ${name}`} onClick={() => revoke(id, name)} />}
          </li>
        ))}
      </ul>
      <Kept people={people} />
      {account.isOwner && <RecoveryWords people={people} />}
      {account.isOwner && <SaveAccount people={people} />}
      <ForgetAccount tab={tab} others={living.filter(({ isThis }) => !isThis)} isOwner={account.isOwner} />
      <Problem text={problem} />
    </section>
  )
}

/** Whether this browser has promised not to delete the account by itself. */
function Kept({ people: { storage } }: { people: TabPeople }) {
  const state = useCell(storage.state)
  return (
    <div class="kept" data-testid="storage-promise" data-state={state}>
      <p class="hint" role="status">
        {PROMISE_SENTENCES[state]}
      </p>
      {state === 'not given' && <ActionButton text="Ask this browser to keep it" onClick={() => storage.ask()} data-testid="ask-storage" />}
    </div>
  )
}

function RecoveryWords({ people: { people } }: { people: TabPeople }) {
  const [words, setWords] = useState<readonly string[]>()
  const [problem, setProblem] = useState<string>()
  const show = () => people.account.words().then(setWords, (error: unknown) => setProblem(accountProblemSentence(error)))
  return (
    <>
      <ActionButton
        text={words ? 'Hide the 12 recovery words' : 'Show the 12 recovery words'}
        aria-expanded={words !== undefined}
        onClick={() => (words ? setWords(undefined) : show())}
        data-testid="show-words"
      />
      {words && (
        <>
          <p class="notice">
            Who has these words has your account. Write them on paper; nobody can tell them to you again if all your places are lost.
          </p>
          <ol data-testid="recovery-words">
            {words.map((word, i) => (
              <li key={i}>{word}</li>
            ))}
          </ol>
        </>
      )}
      <Problem text={problem} />
    </>
  )
}
