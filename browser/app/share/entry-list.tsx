/** The files and texts of the share: each can be renamed and removed while others receive it. */

import type { ShareEntry } from '../../../node/index.ts'
import type { ShownShare } from '../../sharing/followed-share.ts'
import type { OwnShare } from '../../sharing/own-share.ts'
import { filesText, sizeText } from '../../text/size-text.ts'
import { renamedSentence, sharingProblemSentence } from '../../words/share-sentence.ts'
import { ActionButton } from '../action-button.tsx'

const MOST_SHOWN = 100

interface EntryListProps {
  share: ShownShare
  ownShare: OwnShare
  onProblem(problem: string | undefined): void
  onNotice(notice: string | undefined): void
}

export function EntryList({ share, ownShare, onProblem, onNotice }: EntryListProps) {
  const { entries, state } = share
  const reading = entries.filter((entry) => entry.state === 'reading').length
  const size = entries.reduce((sum, entry) => sum + entry.size, 0)
  const rename = ({ id, path }: ShareEntry) => {
    const wanted = prompt('The new name', path)
    if (wanted === null || wanted === path) return
    try {
      const renamed = ownShare.rename(id, wanted)
      onProblem(undefined)
      onNotice(renamed && renamedSentence([renamed]))
    } catch (error) {
      onProblem(sharingProblemSentence(error))
    }
  }
  return (
    <section class="entries" aria-labelledby="entries-title">
      <h2 id="entries-title">{state === 'ended' ? 'What you shared' : 'What you share'}</h2>
      <p role="status" data-testid="entries-state" data-reading={reading}>
        {entries.length > 0 && `${filesText(entries.length)}, ${sizeText(size)}.`}
        {entries.length === 0 && (state === 'ended' ? 'Nothing any more.' : 'Nothing any more. Add something below.')}
        {reading > 0 && state !== 'ended' && ` ${filesText(reading)} still to be read: the link works already.`}
      </p>
      <ul data-testid="entries">
        {entries.slice(0, MOST_SHOWN).map((entry) => (
          <li key={entry.id} data-state={entry.state}>
            <span class="name" dir="auto">
              {entry.path}
              {entry.text !== undefined && <q class="hint">{entry.text.slice(0, 80)}</q>}
            </span>
            <span class="facts">{factsOf(entry)}</span>
            {state !== 'ended' && (
              <span class="buttons">
                <ActionButton text="Rename" aria-label={`Rename ${entry.path}`} onClick={() => rename(entry)} />
                <ActionButton text="Remove" aria-label={`Remove ${entry.path}`} onClick={() => ownShare.remove(entry.id)} />
              </span>
            )}
          </li>
        ))}
      </ul>
      {entries.length > MOST_SHOWN && <p class="hint">and {filesText(entries.length - MOST_SHOWN)} more.</p>}
    </section>
  )
}

function factsOf({ state, size }: ShareEntry): string {
  if (state === 'reading') return `${sizeText(size)}, being read`
  return state === 'failed' ? 'cannot be read any more: remove it, or add it again' : sizeText(size)
}
