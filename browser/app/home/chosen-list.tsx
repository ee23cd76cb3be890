/** The files that are about to be shared: each can be taken away again. */

import { type ChosenFile, sizeOf } from '../../content/chosen-files.ts'
import { filesText, sizeText } from '../../text/size-text.ts'

export interface ChosenListProps {
  files: readonly ChosenFile[]
  disabled: boolean
  onFiles(files: ChosenFile[]): void
}

/** More would only be scrolled past. */
const MOST_SHOWN = 100

export function ChosenList({ files, disabled, onFiles }: ChosenListProps) {
  return (
    <section class="chosen" aria-label="Files to share" data-testid="chosen-file">
      <p>
        <strong>{filesText(files.length)}</strong> ({sizeText(sizeOf(files))}), shared byte for byte, from where they lie.
        {files.length > 1 && ' They get one link, to the list of them. Adding or taking away a file later makes a new link.'}
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
              aria-label={`Take ${chosen.path} away`}
              onClick={() => onFiles(files.filter((other) => other !== chosen))}
            >
              Take away
            </button>
          </li>
        ))}
      </ul>
      {files.length > MOST_SHOWN && <p class="hint">and {filesText(files.length - MOST_SHOWN)} more.</p>}
      <button type="button" class="quiet" disabled={disabled} onClick={() => onFiles([])}>
        Write instead
      </button>
    </section>
  )
}
