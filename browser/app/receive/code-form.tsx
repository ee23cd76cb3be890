/** The field for a link, or a code of two words and a number. */

import { useState } from 'preact/hooks'
import type { Tab } from '../../tab.ts'
import { codeProblemSentence } from '../../words/receive-sentence.ts'
import { Problem } from '../problem.tsx'

const LINK = /\/s\/[a-z2-7]+#[a-z2-7]+/i

export function CodeForm({ tab }: { tab: Tab }) {
  const [text, setText] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const open = async (event: Event) => {
    event.preventDefault()
    setProblem(undefined)
    const link = LINK.exec(text)?.[0]
    if (link !== undefined) return tab.navigation.go({ view: 'receive', link })
    setBusy(true)
    try {
      const sharing = await tab.sharePeer.open()
      tab.navigation.go({ view: 'receive', link: await sharing.claimCode(text.trim()) })
    } catch (error) {
      setProblem(codeProblemSentence(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <form class="code-form" onSubmit={open}>
      <p class="lead">Somebody shares files with you: enter their code, two words and a number, or paste their link.</p>
      <label>
        Code or link
        <input
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          required
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder="mango-guitar-7342"
          data-testid="share-code"
        />
      </label>
      <button type="submit" disabled={isBusy} data-testid="open-share">
        {isBusy ? 'Looking for the sharer…' : 'Look at it'}
      </button>
      <Problem text={problem} testid="code-problem" />
    </form>
  )
}
