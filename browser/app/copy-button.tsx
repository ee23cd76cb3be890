/** A button that copies a text, and shows whether that worked. */

import { useEffect, useState } from 'preact/hooks'
import { copyText } from '../text/copy-text.ts'

const OUTCOME_MS = 2_000 // long enough to be read, short enough not to look stuck

/** @param props.label for screen readers @param props.shown the words on the button */
export function CopyButton({ text, label, shown = 'Copy' }: { text: string; label: string; shown?: string }) {
  const [outcome, setOutcome] = useState<'copied' | 'failed'>()
  useEffect(() => {
    if (outcome === undefined) return
    const timer = setTimeout(() => setOutcome(undefined), OUTCOME_MS)
    return () => clearTimeout(timer)
  }, [outcome])

  const onClick = async () => setOutcome((await copyText(text)) ? 'copied' : 'failed')
  return (
    <button type="button" class="quiet" onClick={onClick} aria-label={label} data-testid="copy" data-outcome={outcome}>
      <span role="status">{outcome === 'copied' ? 'Copied' : outcome === 'failed' ? 'Failed' : shown}</span>
    </button>
  )
}
