/** The progress of hashing chosen files. */

import type { Sharing } from '../holding/sharing.ts'
import { progressText } from '../words/progress-sentence.ts'
import { ActionButton } from './action-button.tsx'
import { useCell } from './use-cell.ts'

export function SharingBar({ sharing, onCancel }: { sharing: Sharing; onCancel(): void }) {
  const progress = useCell(sharing.progress)
  const value = progress && progress.total > 0 ? progress.done / progress.total : undefined
  return (
    <div class="progress" data-testid="sharing-progress">
      <progress max={1} value={value} aria-label="Reading the files" />
      <p>{progress ? `Reading ${progress.path}: ${progressText(progress)}` : 'Reading the files…'}</p>
      <ActionButton text="Cancel" onClick={onCancel} />
    </div>
  )
}
