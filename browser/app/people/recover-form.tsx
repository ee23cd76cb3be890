/** The form that brings an account back by its recovery words. */

import { useState } from 'preact/hooks'
import type { Tab } from '../../tab.ts'
import { accountProblemSentence } from '../../words/people-sentence.ts'
import { Problem } from '../problem.tsx'

export function RecoverForm({ tab }: { tab: Tab }) {
  const [words, setWords] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const recover = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    setProblem(undefined)
    try {
      await tab.people.recover(words)
    } catch (error) {
      setProblem(accountProblemSentence(error))
      setBusy(false)
    }
  }
  return (
    <form class="recover" onSubmit={recover} aria-label="Use my recovery words">
      <h2>I have my recovery words</h2>
      <label>
        The 12 words, in their order
        <textarea
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
          required
          rows={3}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          data-testid="recover-words"
        />
      </label>
      <button type="submit" disabled={isBusy} data-testid="recover">
        Bring my account back
      </button>
      <Problem text={problem} testid="recover-problem" />
    </form>
  )
}
