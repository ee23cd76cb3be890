/** Form rows for the conditions of an end: a field, and its value or any value. */

import { type Condition, MAX_CONDITIONS } from '../../messages/end-settings.ts'
import { ActionButton } from '../action-button.tsx'

type Conditions = readonly Condition[]

export function ConditionRows({ conditions, onChange }: { conditions: Conditions; onChange(conditions: Conditions): void }) {
  const change = (at: number, to: Partial<Condition>) => onChange(conditions.map((each, i) => (i === at ? { ...each, ...to } : each)))
  return (
    <>
      {conditions.map(({ field, value }, i) => (
        <fieldset class="condition" key={i} aria-label={`Condition ${i + 1}`}>
          <input
            aria-label="Field"
            data-testid="condition-field"
            placeholder="type, from, body, re…"
            value={field}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            required
            onInput={(event) => change(i, { field: event.currentTarget.value.trim() })}
          />
          <select
            aria-label="Test"
            data-testid="condition-test"
            value={value === undefined ? 'has' : 'is'}
            onChange={(event) => change(i, { value: event.currentTarget.value === 'has' ? undefined : '' })}
          >
            <option value="is">is</option>
            <option value="has">exists</option>
          </select>
          {value !== undefined && (
            <input
              aria-label="Value"
              data-testid="condition-value"
              placeholder="exact value"
              value={value}
              autocomplete="off"
              required
              onInput={(event) => change(i, { value: event.currentTarget.value })}
            />
          )}
          <ActionButton
            text="Remove"
            class="plain"
            aria-label="Remove this condition"
            onClick={() => onChange(conditions.filter((_, j) => j !== i))}
          />
        </fieldset>
      ))}
      {conditions.length < MAX_CONDITIONS && (
        <ActionButton
          text={conditions.length === 0 ? 'Filter the messages…' : 'Add a condition'}
          class="plain"
          data-testid="add-condition"
          onClick={() => onChange([...conditions, { field: conditions.length === 0 ? 'type' : '', value: '' }])}
        />
      )}
    </>
  )
}
