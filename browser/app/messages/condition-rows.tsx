/** Conditions that a message must meet to be taken, as a person writes them: a field, and what it is, or anything. */

import { type Condition, MAX_CONDITIONS } from '../../messages/end-settings.ts'

export interface ConditionRowsProps {
  conditions: readonly Condition[]
  onChange(conditions: Condition[]): void
}

export function ConditionRows({ conditions, onChange }: ConditionRowsProps) {
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
            <option value="has">is there</option>
          </select>
          {value !== undefined && (
            <input
              aria-label="Value"
              data-testid="condition-value"
              placeholder="exactly this"
              value={value}
              autocomplete="off"
              required
              onInput={(event) => change(i, { value: event.currentTarget.value })}
            />
          )}
          <button
            type="button"
            class="plain"
            aria-label="Take this condition away"
            onClick={() => onChange(conditions.filter((_, j) => j !== i))}
          >
            Take away
          </button>
        </fieldset>
      ))}
      {conditions.length < MAX_CONDITIONS && (
        <button
          type="button"
          class="plain"
          data-testid="add-condition"
          onClick={() => onChange([...conditions, { field: conditions.length === 0 ? 'type' : '', value: '' }])}
        >
          {conditions.length === 0 ? 'Only some of the messages…' : 'Another condition, to be met as well'}
        </button>
      )}
    </>
  )
}
