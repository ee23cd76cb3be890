/** A text to share, which is typed or pasted. */

import { useState } from 'preact/hooks'

/** @param onText resolves with true once it is shared: else it stays in its field */
export function TextForm({ isBusy, onText }: { isBusy: boolean; onText(text: string): Promise<boolean> }) {
  const [text, setText] = useState('')
  const submit = async (event: Event) => {
    event.preventDefault()
    if (isBusy || text === '') return
    if (await onText(text)) setText((now) => (now === text ? '' : now))
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void submit(event)
  }
  return (
    <form class="text fields" onSubmit={submit} onKeyDown={onKeyDown} aria-label="Share a text">
      <label>
        Or a text or a link
        <textarea rows={2} value={text} onInput={(event) => setText(event.currentTarget.value)} data-testid="share-text" />
      </label>
      {/* A button that has the focus and is disabled loses it. */}
      <button type="submit" class="quiet" aria-disabled={isBusy || text === ''} data-testid="share-text-button">
        Share the text
      </button>
    </form>
  )
}
