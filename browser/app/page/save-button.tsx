/** Saves content that this tab has, or that it decrypts itself, and shows how far that is. */

import { useState } from 'preact/hooks'
import type { PageVisit } from '../../visit/page-visit.ts'
import { progressText } from '../../words/progress-sentence.ts'
import { Problem } from '../problem.tsx'

const SHOW_EVERY_MS = 100 // painting each part would take longer than reading it

export function SaveButton({ visit, size, isMain }: { visit: PageVisit; size: number; isMain: boolean }) {
  /** Bytes that are ready; undefined while nothing is saved. */
  const [done, setDone] = useState<number>()
  const [problem, setProblem] = useState<string>()
  const isSaving = done !== undefined
  const save = async () => {
    setDone(0)
    setProblem(undefined)
    let shownAtMs = 0
    const onBytes = (bytes: number) => {
      if (performance.now() - shownAtMs < SHOW_EVERY_MS) return
      shownAtMs = performance.now()
      setDone(bytes)
    }
    try {
      await visit.save(onBytes)
    } catch (error) {
      // The person closed the file dialog.
      const isCancelled = error instanceof DOMException && error.name === 'AbortError'
      if (!isCancelled) setProblem(`The file could not be saved: ${error instanceof Error ? error.message : String(error)}`)
    }
    setDone(undefined)
  }
  return (
    <>
      <button type="button" class={isMain ? 'main' : 'quiet'} disabled={isSaving} data-testid="save" onClick={save}>
        {isSaving ? 'Saving…' : 'Save'}
      </button>
      {done !== undefined && done > 0 && <span class="hint">{progressText({ done, total: size })}</span>}
      <Problem text={problem} />
    </>
  )
}
