/** The forms that bring an account back: by its recovery words, or by its file. */

import type { ComponentChildren, JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import type { AccountChoice } from '../../../node/index.ts'
import type { Tab } from '../../tab.ts'
import { accountProblemSentence } from '../../words/people-sentence.ts'
import { Problem } from '../problem.tsx'

export function RecoverForm({ tab }: { tab: Tab }) {
  const [words, setWords] = useState('')
  return (
    <BringForm tab={tab} title="I have my recovery words" name="recover" choose={async () => ({ kind: 'words', words })}>
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
    </BringForm>
  )
}

/** A larger file has no account in it (ACCOUNT_FILE_LIMITS): so much of it is enough to say so. */
const MAX_FILE_BYTES = 8_388_609

export function FileForm({ tab }: { tab: Tab }) {
  const file = useRef<HTMLInputElement>(null)
  const [passPhrase, setPassPhrase] = useState('')
  const choose = async (): Promise<AccountChoice> => {
    const chosen = file.current?.files?.[0] ?? new Blob()
    return { kind: 'file', bytes: new Uint8Array(await chosen.slice(0, MAX_FILE_BYTES).arrayBuffer()), passPhrase }
  }
  return (
    <BringForm tab={tab} title="I have my account’s file" name="import" choose={choose}>
      <label>
        The file
        <input ref={file} type="file" required data-testid="import-file" />
      </label>
      <label>
        Its pass phrase
        <input
          type="password"
          value={passPhrase}
          onInput={(event) => setPassPhrase(event.currentTarget.value)}
          required
          autocomplete="current-password"
          data-testid="import-pass-phrase"
        />
      </label>
    </BringForm>
  )
}

interface BringFormProps {
  tab: Tab
  title: string
  /** Of its button and its problem, in tests. */
  name: string
  choose(): Promise<AccountChoice>
  children: ComponentChildren
}

function BringForm({ tab, title, name, choose, children }: BringFormProps): JSX.Element {
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const bring = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    setProblem(undefined)
    try {
      await tab.people.bring(await choose())
    } catch (error) {
      setProblem(accountProblemSentence(error))
      setBusy(false)
    }
  }
  return (
    <form class="recover" onSubmit={bring} aria-label={title}>
      <h2>{title}</h2>
      {children}
      <button type="submit" disabled={isBusy} data-testid={name}>
        {isBusy ? 'Opening the account…' : 'Bring my account back'}
      </button>
      <Problem text={problem} testid={`${name}-problem`} />
    </form>
  )
}
