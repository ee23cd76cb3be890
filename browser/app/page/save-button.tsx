/** Saves private content. This tab decrypts it; the gateway cannot. */

import { useState } from 'preact/hooks'
import type { PageVisit } from '../../visit/page-visit.ts'
import { Problem } from '../problem.tsx'

export function SaveButton({ visit }: { visit: PageVisit }) {
  const [saving, setSaving] = useState(false)
  const [problem, setProblem] = useState<string>()
  const save = async () => {
    setSaving(true)
    setProblem(undefined)
    try {
      await visit.save?.()
    } catch (error) {
      // The person closed the file dialog.
      const isCancelled = error instanceof DOMException && error.name === 'AbortError'
      if (!isCancelled) setProblem(`The file could not be saved: ${error instanceof Error ? error.message : String(error)}`)
    }
    setSaving(false)
  }
  return (
    <>
      <button type="button" class="quiet" disabled={saving} data-testid="save-private" onClick={save}>
        {saving ? 'Saving…' : 'Save the file'}
      </button>
      <Problem text={problem} />
    </>
  )
}
