/** Saves the account as a file that a pass phrase opens. */

import { useState } from 'preact/hooks'
import { saveContent } from '../../content/save-content.ts'
import type { TabPeople } from '../../people/tab-people.ts'
import { accountProblemSentence, PASS_PHRASES_DIFFER } from '../../words/people-sentence.ts'
import { Problem } from '../problem.tsx'

export function SaveAccount({ people }: { people: TabPeople }) {
  const { account } = people.people
  const [passPhrase, setPassPhrase] = useState('')
  const [again, setAgain] = useState('')
  const [state, setState] = useState<'sealing' | 'saved'>()
  const [problem, setProblem] = useState<string>()
  const save = async (event: Event) => {
    event.preventDefault()
    setState(undefined)
    if (passPhrase !== again) return setProblem(PASS_PHRASES_DIFFER)
    setProblem(undefined)
    setState('sealing')
    try {
      const bytes = await account.exportFile(passPhrase)
      const name = `mayfly-account-${account.id.slice(0, 8)}.sealed`
      await saveContent({ name, size: bytes.byteLength, read: () => oneChunk(bytes) }, new AbortController().signal)
      setState('saved')
      setPassPhrase('')
      setAgain('')
    } catch (error) {
      setState(undefined)
      setProblem(accountProblemSentence(error))
    }
  }
  return (
    <details data-testid="save-account">
      <summary>Save the account as a file</summary>
      <form onSubmit={save} aria-label="Save the account as a file">
        <p class="hint">
          The file has your account and your contacts, locked with a pass phrase. Whoever has both has your account. Nobody can tell you the
          pass phrase again.
        </p>
        <PassPhrase label="A pass phrase, 8 characters or more" value={passPhrase} onChange={setPassPhrase} testid="export-pass-phrase" />
        <PassPhrase label="The same pass phrase again" value={again} onChange={setAgain} testid="export-again" />
        <button type="submit" class="quiet" disabled={state === 'sealing'} data-testid="export">
          {state === 'sealing' ? 'Locking the file…' : 'Save the file'}
        </button>
        <Problem text={problem} testid="export-problem" />
        <p role="status">{state === 'saved' && 'The file is among the downloads of this browser.'}</p>
      </form>
    </details>
  )
}

interface PassPhraseProps {
  label: string
  value: string
  onChange(value: string): void
  testid: string
}

function PassPhrase({ label, value, onChange, testid }: PassPhraseProps) {
  return (
    <label>
      {label}
      <input
        type="password"
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
        required
        minLength={8}
        maxLength={1024}
        autocomplete="new-password"
        data-testid={testid}
      />
    </label>
  )
}

async function* oneChunk(bytes: Uint8Array) {
  yield bytes
}
