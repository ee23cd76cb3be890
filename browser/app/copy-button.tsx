/** A button that copies a text, and shows whether that worked. */

import { useEffect, useState } from 'preact/hooks'

const OUTCOME_MS = 2_000 // long enough to be read, short enough not to look stuck

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [outcome, setOutcome] = useState<'copied' | 'failed'>()
  useEffect(() => {
    if (outcome === undefined) return
    const timer = setTimeout(() => setOutcome(undefined), OUTCOME_MS)
    return () => clearTimeout(timer)
  }, [outcome])

  const onClick = async () => setOutcome((await copyText(text)) ? 'copied' : 'failed')
  return (
    <button type="button" class="quiet" onClick={onClick} aria-label={label} data-testid="copy" data-outcome={outcome}>
      <span role="status">{outcome === 'copied' ? 'Copied' : outcome === 'failed' ? 'Failed' : 'Copy'}</span>
    </button>
  )
}

/** The Clipboard API exists only on https and localhost; elsewhere, copies a selection. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const field = document.createElement('textarea')
    field.value = text
    field.className = 'visually-hidden'
    document.body.append(field)
    field.select()
    const copied = document.execCommand('copy')
    field.remove()
    return copied
  }
}
