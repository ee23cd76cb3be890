/** Makes a drop box: what it is for, and what it takes. */

import { useState } from 'preact/hooks'
import type { DropTerms } from '../../../node/index.ts'

const MIB = 1_048_576
const MINUTE_MS = 60_000
const DAY_MINUTES = 24 * 60

const SIZES: readonly (readonly [bytes: number, text: string])[] = [
  [10 * MIB, '10 MiB'],
  [100 * MIB, '100 MiB'],
  [1_024 * MIB, '1 GiB'],
  [10_240 * MIB, '10 GiB'],
  [0, 'any size'],
]
const TIMES: readonly (readonly [minutes: number, text: string])[] = [
  [0, 'Until you end it'],
  [60, '1 hour'],
  [DAY_MINUTES, '1 day'],
  [7 * DAY_MINUTES, '1 week'],
  [30 * DAY_MINUTES, '30 days'],
]

interface BoxFormProps {
  isBusy: boolean
  /** True when it was made. */
  onMake(terms: DropTerms, asks: boolean): Promise<boolean>
}

export function BoxForm({ isBusy, onMake }: BoxFormProps) {
  const [title, setTitle] = useState('')
  const [maxBytes, setMaxBytes] = useState(1_024 * MIB)
  const [maxFiles, setMaxFiles] = useState('')
  const [types, setTypes] = useState('')
  const [minutes, setMinutes] = useState(0)
  const [asks, setAsks] = useState(false)
  const submit = async (event: Event) => {
    event.preventDefault()
    const kinds = types.split(/[\s,;]+/).filter((type) => type !== '')
    const terms = {
      title,
      ...(maxBytes > 0 && { maxBytes }),
      ...(maxFiles !== '' && { maxFiles: Number(maxFiles) }),
      ...(kinds.length > 0 && { types: kinds }),
      ...(minutes > 0 && { untilMs: Date.now() + minutes * MINUTE_MS }),
    }
    if (await onMake(terms, asks)) setTitle('')
  }
  return (
    <form class="box-form fields" onSubmit={submit} aria-labelledby="box-form-title">
      <h2 id="box-form-title">A new box</h2>
      <label>
        What is it for? Senders see this.
        <input
          required
          maxLength={200}
          placeholder="Photos of Saturday"
          value={title}
          onInput={({ currentTarget }) => setTitle(currentTarget.value)}
          data-testid="box-title"
        />
      </label>
      <details data-testid="box-limits">
        <summary>What it takes</summary>
        <fieldset>
          <legend class="visually-hidden">What it takes</legend>
          <label>
            At most, at once
            <select value={maxBytes} onChange={({ currentTarget }) => setMaxBytes(Number(currentTarget.value))} data-testid="box-bytes">
              {SIZES.map(([value, text]) => (
                <option key={value} value={value}>
                  {text}
                </option>
              ))}
            </select>
          </label>
          <label>
            How many files at once
            <input
              type="number"
              min={1}
              max={1_000}
              inputMode="numeric"
              placeholder="up to 1000"
              value={maxFiles}
              onInput={({ currentTarget }) => setMaxFiles(currentTarget.value)}
              data-testid="box-files"
            />
          </label>
          <label>
            Kinds of files
            <input
              autocapitalize="off"
              autocomplete="off"
              spellcheck={false}
              placeholder="any; or, for example, image/* .pdf"
              value={types}
              onInput={({ currentTarget }) => setTypes(currentTarget.value)}
              data-testid="box-types"
            />
          </label>
          <label>
            For how long
            <select value={minutes} onChange={({ currentTarget }) => setMinutes(Number(currentTarget.value))} data-testid="box-time">
              {TIMES.map(([value, text]) => (
                <option key={value} value={value}>
                  {text}
                </option>
              ))}
            </select>
          </label>
          <label class="check">
            <input type="checkbox" checked={asks} onChange={({ currentTarget }) => setAsks(currentTarget.checked)} data-testid="box-asks" />
            Ask me before anything comes
          </label>
        </fieldset>
      </details>
      <p class="actions">
        <button type="submit" class="main" disabled={isBusy} data-testid="box-make">
          Make the box
        </button>
      </p>
    </form>
  )
}
