/** The files that are about to be shared, each with a button to remove it. */

import { type ChosenFile, sizeOf } from '../../content/chosen-files.ts'
import { filesText, sizeText } from '../../text/size-text.ts'

export interface ChosenListProps {
  files: readonly ChosenFile[]
  disabled: boolean
  onFiles(files: ChosenFile[]): void
}

const MOST_SHOWN = 100

export function ChosenList({ files, disabled, onFiles }: ChosenListProps) {
  return (
    <section class="chosen" aria-label="Files to share" data-testid="chosen-file">
      <p>
        <strong>{filesText(files.length)}</strong> ({sizeText(sizeOf(files))}), shared unchanged and without a copy.
        {files.length > 1 && ' They get one link. Adding or removing a file later makes a new link.'}
      </p>
      <ul>
        {files.slice(0, MOST_SHOWN).map((chosen, i) => (
          <li key={i}>
            <span class="name">{chosen.path}</span>
            <span class="facts">{sizeText(chosen.file.size)}</span>
            <button
              type="button"
              class="quiet"
              disabled={disabled}
              aria-label={`Remove ${chosen.path}`}
              onClick={() => onFiles(files.filter((other) => other !== chosen))}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
      {files.length > MOST_SHOWN && <p class="hint">and {filesText(files.length - MOST_SHOWN)} more.</p>}
      <button type="button" class="quiet" disabled={disabled} onClick={() => onFiles([])}>
        Write text instead
      </button>
    </section>
  )
}
