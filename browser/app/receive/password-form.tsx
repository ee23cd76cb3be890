/** The field for the password of a share. It goes to nobody but its sharer, who has proven to be that. */

import { useRef, useState } from 'preact/hooks'
import type { ReceiveVisit } from '../../sharing/receive-visit.ts'
import { shareProblemSentence } from '../../words/receive-sentence.ts'
import { Problem } from '../problem.tsx'

export function PasswordForm({ visit }: { visit: ReceiveVisit }) {
  const [password, setPassword] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const field = useRef<HTMLInputElement>(null)
  const enter = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    setProblem(undefined)
    try {
      await visit.received.enter(password)
    } catch (error) {
      setProblem(shareProblemSentence(error))
      setPassword('')
      field.current?.focus()
    } finally {
      setBusy(false)
    }
  }
  return (
    <form class="code-form" onSubmit={enter}>
      <label>
        Password
        <input
          ref={field}
          type="password"
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
          required
          maxLength={256}
          autocomplete="off"
          data-testid="share-password"
        />
      </label>
      <button type="submit" disabled={isBusy} data-testid="enter-password">
        Continue
      </button>
      <Problem text={problem} testid="password-problem" />
    </form>
  )
}
