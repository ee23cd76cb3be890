/** This browser's account: where it lives, and the words that bring it back. */

import { useState } from 'preact/hooks'
import type { TabPeople } from '../../people/tab-people.ts'
import { accountProblemSentence } from '../../words/people-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { Problem } from '../problem.tsx'
import { useCell } from '../use-cell.ts'

export function MyAccount({ people }: { people: TabPeople }) {
  const places = useCell(people.places)
  const { account } = people.people
  const [words, setWords] = useState<readonly string[]>()
  const [problem, setProblem] = useState<string>()
  const showWords = () => account.words().then(setWords, (error: unknown) => setProblem(accountProblemSentence(error)))
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
          Your account lives in this browser only. If its data is cleared, the account is gone. Write down the recovery words, or add
          another place.
        </p>
      )}
      <ul data-testid="places">
        {living.map(({ id, name, role, isThis }) => (
          <li key={id}>
            <span class="name">{name}</span>
            <span class="facts">
              {isThis ? 'this browser' : 'another place'}
              {role === 'owner' ? ', has the recovery words' : ''}
            </span>
            {!isThis && account.isOwner && <ActionButton text="Remove" aria-label={`Remove ${name}`} onClick={() => revoke(id, name)} />}
          </li>
        ))}
      </ul>
      {account.isOwner && words === undefined && (
        <ActionButton text="Show the 12 recovery words" onClick={showWords} data-testid="show-words" />
      )}
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
          <ActionButton text="Hide them" onClick={() => setWords(undefined)} />
        </>
      )}
      <Problem text={problem} />
    </section>
  )
}
