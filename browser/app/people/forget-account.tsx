/** Forgets the account in this browser, once its person has read what is lost by that. */

import { useState } from 'preact/hooks'
import type { Place } from '../../../node/index.ts'
import type { Tab } from '../../tab.ts'
import { accountProblemSentence } from '../../words/people-sentence.ts'
import { Problem } from '../problem.tsx'

export function ForgetAccount({ tab, others, isOwner }: { tab: Tab; others: readonly Place[]; isOwner: boolean }) {
  const [isSure, setSure] = useState(false)
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const isOnly = others.length === 0
  const forget = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    setProblem(undefined)
    try {
      await tab.people.forget()
    } catch (error) {
      setProblem(accountProblemSentence(error))
      setBusy(false)
    }
  }
  return (
    <details data-testid="forget-account">
      <summary>Forget this account here</summary>
      <form onSubmit={forget} aria-label="Forget this account here">
        {isOnly ? (
          <p class="notice">
            This is the only place where your account lives. Without its 12 recovery words, or its file and pass phrase, it is lost for
            good, and your contacts with it. {isOwner && 'If you have neither, write down the words first.'}
          </p>
        ) : (
          <p class="notice">
            Your account lives on in {listOf(others)}. All tabs of this browser forget its key and its contacts. Your other places list this
            browser until you remove it there.
          </p>
        )}
        <label class="check">
          <input type="checkbox" checked={isSure} onChange={(event) => setSure(event.currentTarget.checked)} required data-testid="sure" />
          {isOnly ? 'I have the words or the file, or I want to lose this account.' : 'Forget it in this browser.'}
        </label>
        <button type="submit" class="quiet" disabled={isBusy || !isSure} data-testid="forget">
          {isBusy ? 'Forgetting…' : 'Forget this account'}
        </button>
        <Problem text={problem} testid="forget-problem" />
      </form>
    </details>
  )
}

const listOf = (places: readonly Place[]) => new Intl.ListFormat('en').format(places.map(({ name }) => `“${name}”`))
