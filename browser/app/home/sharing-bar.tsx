/** The progress of hashing the chosen files, and a button to cancel. */

import type { Sharing } from '../../holding/sharing.ts'
import { progressText } from '../../words/progress-sentence.ts'
import { useCell } from '../use-cell.ts'

export function SharingBar({ sharing, onCancel }: { sharing: Sharing; onCancel(): void }) {
  const progress = useCell(sharing.progress)
  const text = progress ? `Reading ${progress.path}: ${progressText(progress)}` : 'Reading the files…'
  return (
    <div class="progress" data-testid="sharing-progress">
      <progress
        max={1}
        value={progress && progress.total > 0 ? progress.done / progress.total : undefined}
        aria-label="Reading the files"
      />
      <p>{text}</p>
      <button type="button" class="quiet" onClick={onCancel}>
        Cancel
      </button>
    </div>
  )
}
