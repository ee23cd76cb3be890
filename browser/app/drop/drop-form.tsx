/** The form to send to a drop box: files, a few words, and who sends it. A refusal of the box is said before anything travels. */

import { useRef, useState } from 'preact/hooks'
import type { DropTerms } from '../../../node/index.ts'
import { type ChosenFile, sizeOf, withDistinctPaths } from '../../content/chosen-files.ts'
import type { DropVisit } from '../../sharing/drop-visit.ts'
import { filesText, sizeText } from '../../text/size-text.ts'
import { ActionButton } from '../action-button.tsx'
import { FileChoice } from '../file-choice.tsx'
import { Problem } from '../problem.tsx'

const MOST_SHOWN = 100
/** As the box has them. */
const MAX_WORDS = 2_000
const MAX_FROM = 80

/** The files and words that are to be sent. */
export interface Draft {
  files: readonly ChosenFile[]
  words: string
  from: string
}

interface DropFormProps {
  visit: DropVisit
  terms: DropTerms
  refused: string | undefined
  draft: Draft
  onDraft(changes: Partial<Draft>): void
}

export function DropForm({ visit, terms, refused, draft, onDraft }: DropFormProps) {
  const { files, words, from } = draft
  const [problem, setProblem] = useState<string>()
  const offer = { from, words, files: files.map(({ path, file }) => ({ path, size: file.size, mediaType: file.type })) }
  const isEmpty = files.length === 0 && words.trim() === ''
  const judged = isEmpty ? undefined : visit.judge(offer)
  const change = (next: readonly ChosenFile[]) => {
    setProblem(undefined)
    onDraft({ files: withDistinctPaths(next) })
  }
  const submit = (event: Event) => {
    event.preventDefault()
    if (isEmpty) return setProblem('There is nothing to send yet: choose a file, or write something.')
    if (judged === undefined) void visit.send(files, { from, words })
  }
  return (
    <form class="drop-form fields" onSubmit={submit} aria-label="What to send">
      <FileChoice
        hasFiles={files.length > 0}
        {...(terms.maxFiles === 1 && { only: 'file' as const })}
        onFiles={(more) => change(terms.maxFiles === 1 ? more : [...files, ...more])}
        onProblem={setProblem}
      />
      {files.length > 0 && <FileList files={files} onFiles={change} />}
      <label>
        A few words
        <textarea
          rows={3}
          maxLength={MAX_WORDS}
          value={words}
          onInput={({ currentTarget }) => onDraft({ words: currentTarget.value })}
          data-testid="drop-words"
        />
      </label>
      <label>
        Your name, if you like
        <input
          maxLength={MAX_FROM}
          autocomplete="name"
          value={from}
          onInput={({ currentTarget }) => onDraft({ from: currentTarget.value })}
          data-testid="drop-from"
        />
      </label>
      <Problem text={(problem ?? judged ?? refused) ? `${problem ?? `${judged ?? refused}.`}` : undefined} testid="drop-problem" />
      <p class="actions">
        <button type="submit" class="main" disabled={judged !== undefined} data-testid="drop-send">
          Send
        </button>
      </p>
    </form>
  )
}

function FileList({ files, onFiles }: { files: readonly ChosenFile[]; onFiles(files: readonly ChosenFile[]): void }) {
  // The button that was pressed is gone, and the keyboard would be lost with it.
  const heading = useRef<HTMLParagraphElement>(null)
  return (
    <section class="drop-files" aria-label="Files to send" data-testid="drop-files">
      <p tabIndex={-1} ref={heading}>
        <strong>{filesText(files.length)}</strong>, {sizeText(sizeOf(files))}.
      </p>
      <ul>
        {files.slice(0, MOST_SHOWN).map((chosen) => (
          <li key={chosen.path}>
            <span class="name" dir="auto">
              {chosen.path}
            </span>
            <span class="facts">{sizeText(chosen.file.size)}</span>
            <ActionButton
              text="Remove"
              aria-label={`Remove ${chosen.path}`}
              onClick={() => {
                onFiles(files.filter((other) => other !== chosen))
                heading.current?.focus()
              }}
            />
          </li>
        ))}
      </ul>
      {files.length > MOST_SHOWN && <p class="hint">and {filesText(files.length - MOST_SHOWN)} more.</p>}
    </section>
  )
}
