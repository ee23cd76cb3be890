/** The files that are about to be shared, each with a button to remove it. */

import { type ChosenFile, sizeOf } from '../../content/chosen-files.ts'
import { filesText, sizeText } from '../../text/size-text.ts'
import { ActionButton } from '../action-button.tsx'

const MOST_SHOWN = 100

type Files = readonly ChosenFile[]

export function ChosenList({ files, disabled, onFiles }: { files: Files; disabled: boolean; onFiles(files: Files): void }) {
  return (
    <section class="chosen" aria-label="Files to share" data-testid="chosen-file">
      <p>
        <strong>{filesText(files.length)}</strong>, {sizeText(sizeOf(files))}.{files.length > 1 && ' They get one link together.'}
      </p>
      <ul>
        {files.slice(0, MOST_SHOWN).map((chosen, i) => (
          <li key={i}>
            <span class="name">{chosen.path}</span>
            <span class="facts">{sizeText(chosen.file.size)}</span>
            <ActionButton
              text="Remove"
              disabled={disabled}
              aria-label={`Remove ${chosen.path}`}
              onClick={() => onFiles(files.filter((other) => other !== chosen))}
            />
          </li>
        ))}
      </ul>
      {files.length > MOST_SHOWN && <p class="hint">and {filesText(files.length - MOST_SHOWN)} more.</p>}
      <ActionButton text="Write text instead" disabled={disabled} onClick={() => onFiles([])} />
    </section>
  )
}
