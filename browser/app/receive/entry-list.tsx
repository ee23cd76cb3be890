/** The entries of a share, each with a box to choose it, and how far it is. */

import { useState } from 'preact/hooks'
import type { ShareEntry } from '../../../node/index.ts'
import type { ReceiveVisit } from '../../sharing/receive-visit.ts'
import { harmlessLine } from '../../text/harmless-text.ts'
import { filesText, sizeText } from '../../text/size-text.ts'
import { entrySentence } from '../../words/receive-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { EntryPicture } from './entry-picture.tsx'
import { EntryText } from './entry-text.tsx'

/** Rows beyond these are shown when asked for: a browser takes seconds to lay out 20,000. */
const ROWS = 200

export function EntryList({ visit }: { visit: ReceiveVisit }) {
  const [rows, setRows] = useState(ROWS)
  const { entries } = visit
  const { state } = visit.received
  const canChoose = state !== 'ended' && state !== 'asking'
  const open = !canChoose ? [] : entries.filter((entry) => visit.table.progressOf(entry) === undefined)
  const size = entries.reduce((sum, entry) => sum + entry.size, 0)
  const areAll = open.every((entry) => visit.isChosen(entry))
  return (
    <div class="entries">
      <div class="entries-head">
        {open.length > 1 && (
          <label>
            <input
              type="checkbox"
              checked={areAll}
              onChange={(event) =>
                visit.choose(
                  open.map(({ id }) => id),
                  event.currentTarget.checked,
                )
              }
              data-testid="choose-all"
            />
            All
          </label>
        )}
        <span class="hint" aria-live="polite" data-testid="entry-count">
          {filesText(entries.length)}, {sizeText(size)}
        </span>
      </div>
      <ul data-testid="entries">
        {entries.slice(0, rows).map((entry) => (
          <EntryRow key={entry.id} visit={visit} entry={entry} canChoose={canChoose} />
        ))}
      </ul>
      {entries.length > rows && <ActionButton text={`Show ${entries.length - rows} more`} onClick={() => setRows(rows + 2_000)} />}
    </div>
  )
}

function EntryRow({ visit, entry, canChoose }: { visit: ReceiveVisit; entry: ShareEntry; canChoose: boolean }) {
  const { id, kind, path, size, mediaType, state, text } = entry
  const progress = visit.table.progressOf(entry)
  const { path: safe, change } = visit.names.of(entry)
  const shown = harmlessLine(path)
  const facts = [sizeText(size), mediaType === 'application/octet-stream' || kind === 'text' ? '' : harmlessLine(mediaType)]
  const isBusy = progress !== undefined && ['receiving', 'stalled', 'paused', 'saving'].includes(progress.phase)
  return (
    <li data-testid="entry" data-entry={id} data-phase={progress?.phase ?? 'listed'}>
      <div class="entry-line">
        {progress === undefined && canChoose ? (
          <label>
            <input
              type="checkbox"
              checked={visit.isChosen(entry)}
              disabled={state === 'failed'}
              onChange={(event) => visit.choose([id], event.currentTarget.checked)}
            />
            <span class="name">{kind === 'text' ? `${shown} (text)` : shown}</span>
          </label>
        ) : (
          <span class="name">{kind === 'text' ? `${shown} (text)` : shown}</span>
        )}
        <span class="facts">{facts.filter((fact) => fact !== '').join(' · ')}</span>
      </div>
      {state === 'failed' && progress?.phase !== 'saved' && <p class="hint over">The sharer’s device cannot read this file any more.</p>}
      {state === 'reading' && progress !== undefined && <p class="hint">The sharer’s device is still reading this file.</p>}
      {change !== undefined && kind === 'file' && (
        <p class="hint" data-testid="name-change">
          {progress?.phase === 'saved' ? 'Saved' : 'Will be saved'} as “{harmlessLine(safe)}”: {change}.
        </p>
      )}
      {progress && kind === 'file' && !(progress.phase === 'saved' && change !== undefined) && (
        <div class="entry-progress">
          {isBusy && <progress max={1} value={size === 0 ? 0 : progress.done / size} aria-label={`Progress of ${shown}`} />}
          <p class={progress.phase === 'failed' ? 'problem' : 'hint'} role={progress.phase === 'failed' ? 'alert' : undefined}>
            {entrySentence({ ...progress, size })}
          </p>
        </div>
      )}
      {progress?.phase === 'saved' && kind === 'text' && text !== undefined && <EntryText text={text} />}
      {kind === 'file' && <EntryPicture visit={visit} entry={entry} />}
    </li>
  )
}
