/** The rules of the next share: who may receive it, and until when. */

import type { ChosenRules } from '../../sharing/own-share.ts'
import { chosenRulesText } from '../../words/share-sentence.ts'

const MINUTE_MS = 60_000

const TIMES: readonly (readonly [minutes: number, text: string])[] = [
  [0, 'As long as this tab is open'],
  [10, '10 minutes'],
  [60, '1 hour'],
  [24 * 60, '1 day'],
  [7 * 24 * 60, '1 week'],
]

export function RulesForm({ rules, onRules }: { rules: ChosenRules; onRules(rules: ChosenRules): void }) {
  const change = (changes: { [Rule in keyof ChosenRules]?: ChosenRules[Rule] | undefined }) => {
    const entries = Object.entries({ ...rules, ...changes }).filter(([, value]) => value !== undefined && value !== false && value !== '')
    onRules(Object.fromEntries(entries))
  }
  const lasts = rules.lastsMs === undefined ? undefined : TIMES.find(([minutes]) => minutes * MINUTE_MS === rules.lastsMs)?.[1]
  return (
    <details class="rules-form fields" data-testid="rules">
      <summary>Rules: {chosenRulesText(rules, lasts)}</summary>
      <fieldset>
        <legend class="visually-hidden">Who may have it</legend>
        <label>
          How many may have it
          <input
            type="number"
            min={1}
            max={1_000_000}
            inputMode="numeric"
            placeholder="everybody with the link"
            value={rules.receivers ?? ''}
            onInput={({ currentTarget }) => change({ receivers: wholeNumber(currentTarget.value) })}
            data-testid="rule-receivers"
          />
        </label>
        <label>
          For how long
          <select
            value={(rules.lastsMs ?? 0) / MINUTE_MS}
            onChange={({ currentTarget }) => {
              change({ lastsMs: Number(currentTarget.value) * MINUTE_MS || undefined })
            }}
            data-testid="rule-time"
          >
            {TIMES.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label>
          Password
          <input
            value={rules.password ?? ''}
            maxLength={256}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            placeholder="none"
            onInput={({ currentTarget }) => change({ password: currentTarget.value })}
            data-testid="rule-password"
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={rules.ask === true}
            onChange={({ currentTarget }) => change({ ask: currentTarget.checked })}
            data-testid="rule-ask"
          />
          Ask me for each receiver
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={rules.stopAfterFirst === true}
            onChange={({ currentTarget }) => change({ stopAfterFirst: currentTarget.checked })}
            data-testid="rule-stop"
          />
          End it when the first receiver has everything
        </label>
        <p class="hint">The rules stand with the link: choose them before you share.</p>
      </fieldset>
    </details>
  )
}

function wholeNumber(text: string): number | undefined {
  const number = Number(text)
  return Number.isSafeInteger(number) && number > 0 ? number : undefined
}
