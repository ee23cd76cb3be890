/** The open ends that this browser listens to. */

import { useState } from 'preact/hooks'
import type { Mailbox } from '../messages/mailbox.ts'
import { pathOf } from '../route.ts'
import { listenProblemSentence } from '../words/message-sentence.ts'
import { useCell } from './use-cell.ts'

export function ListenedEnds({ mailbox }: { mailbox: Mailbox }) {
  const ends = useCell(mailbox.ends)
  const problems = useCell(mailbox.receiving.problems)
  const [typed, setTyped] = useState('')
  const [problem, setProblem] = useState<string>()
  const add = async (event: Event) => {
    event.preventDefault()
    const name = typed.trim()
    try {
      await mailbox.addEnd(name.startsWith('#') ? name : `#${name}`)
      setTyped('')
      setProblem(undefined)
    } catch (error) {
      setProblem(listenProblemSentence(error))
    }
  }
  return (
    <section class="listened" aria-labelledby="listened-title">
      <h2 id="listened-title">You listen to</h2>
      <ul data-testid="ends">
        {ends.map((end) => (
          <li key={end} data-end={end}>
            <a
              href={pathOf({ view: 'messages', to: end })}
              onClick={(event) => {
                event.preventDefault()
                mailbox.draft.address(end)
                document.getElementById('message-text')?.focus()
              }}
            >
              {end}
            </a>
            <button type="button" class="quiet" aria-label={`Stop listening to ${end}`} onClick={() => mailbox.removeEnd(end)}>
              Remove
            </button>
            {problems.has(end) && (
              <p class="problem" role="alert">
                {listenProblemSentence(problems.get(end))}
              </p>
            )}
          </li>
        ))}
      </ul>
      <form class="add-row" onSubmit={add}>
        <input
          aria-label="Open name to listen to"
          data-testid="end-name"
          placeholder="#name"
          value={typed}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          required
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <button type="submit" class="quiet" data-testid="listen">
          Listen
        </button>
      </form>
      {problem && (
        <p class="problem" role="alert" data-testid="listen-problem">
          {problem}
        </p>
      )}
      <p class="hint">Anybody can write and listen to an open name, so do not believe who somebody says they are.</p>
    </section>
  )
}
