/** The files that a reload has ended: they are shared again once they are chosen again. */

import type { MissingFile } from '../../sharing/own-items.ts'
import { filesText, sizeText } from '../../text/size-text.ts'
import { ActionButton } from '../action-button.tsx'

const MOST_SHOWN = 20

export function MissingList({ files, onForget }: { files: readonly MissingFile[]; onForget(file: MissingFile): void }) {
  return (
    <section class="notice entries" aria-labelledby="missing-title" data-testid="missing">
      <h2 id="missing-title">Choose them again</h2>
      <p>This page was reloaded, and the browser lets it read these no more. Add them below: the link stays the same.</p>
      <ul>
        {files.slice(0, MOST_SHOWN).map((file) => (
          <li key={file.path}>
            <span class="name" dir="auto">
              {file.path}
            </span>
            <span class="facts">{sizeText(file.size)}</span>
            <ActionButton text="Leave it out" aria-label={`Leave it out: ${file.path}`} onClick={() => onForget(file)} />
          </li>
        ))}
      </ul>
      {files.length > MOST_SHOWN && <p class="hint">and {filesText(files.length - MOST_SHOWN)} more.</p>}
    </section>
  )
}
