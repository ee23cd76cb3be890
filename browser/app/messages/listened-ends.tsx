/** The open ends that this browser listens to, with their settings. */

import { useState } from 'preact/hooks'
import { type Condition, type EndSettings, rulesOf, rulesText } from '../../messages/end-settings.ts'
import type { Mailbox } from '../../messages/mailbox.ts'
import { pathOf } from '../../visit/route.ts'
import { listenProblemSentence } from '../../words/message-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { Problem } from '../problem.tsx'
import { useCell } from '../use-cell.ts'
import { ConditionRows } from './condition-rows.tsx'
import { PolicyChoice } from './policy-choice.tsx'

export function ListenedEnds({ mailbox }: { mailbox: Mailbox }) {
  const ends = useCell(mailbox.settings.ends)
  const problems = useCell(mailbox.receiver.problems)
  return (
    <section class="listened" aria-labelledby="listened-title">
      <h2 id="listened-title">You listen to</h2>
      <ul data-testid="ends">
        {ends.map((settings) => (
          <ListenedEnd key={settings.end} mailbox={mailbox} settings={settings} problem={problems.get(settings.end)} />
        ))}
      </ul>
      <ListenForm mailbox={mailbox} />
      <p class="hint">Everybody can read and write under an open name. Do not trust a name in a message.</p>
    </section>
  )
}

function ListenedEnd({ mailbox, settings, problem }: { mailbox: Mailbox; settings: EndSettings; problem: unknown }) {
  const { end, policy, rules } = settings
  return (
    <li data-end={end} data-policy={policy}>
      <a
        href={pathOf({ view: 'messages', to: end })}
        onClick={(event) => {
          event.preventDefault()
          mailbox.sent.draft.address(end)
          document.getElementById('message-text')?.focus()
        }}
      >
        {end}
      </a>
      <PolicyChoice
        label={`Accept messages on ${end}`}
        policy={policy}
        onChoose={(chosen) => void mailbox.settings.setEnd({ ...settings, policy: chosen })}
      />
      <ActionButton text="Remove" aria-label={`Remove ${end}: stop listening to it`} onClick={() => mailbox.settings.removeEnd(end)} />
      {rules.length > 0 && (
        <p class="facts" data-testid="rules">
          Only where {rulesText(rules)}.
        </p>
      )}
      <Problem text={problem === undefined ? undefined : listenProblemSentence(problem)} />
    </li>
  )
}

function ListenForm({ mailbox }: { mailbox: Mailbox }) {
  const [typed, setTyped] = useState('')
  const [conditions, setConditions] = useState<readonly Condition[]>([])
  const [problem, setProblem] = useState<string>()
  const add = async (event: Event) => {
    event.preventDefault()
    const name = typed.trim()
    try {
      await mailbox.settings.setEnd({ end: name.startsWith('#') ? name : `#${name}`, policy: 'open', rules: rulesOf(conditions) })
      setTyped('')
      setConditions([])
      setProblem(undefined)
    } catch (error) {
      setProblem(listenProblemSentence(error))
    }
  }
  return (
    <form class="listen-form" onSubmit={add}>
      <div class="add-row">
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
      </div>
      <ConditionRows conditions={conditions} onChange={setConditions} />
      <Problem text={problem} testid="listen-problem" />
    </form>
  )
}
