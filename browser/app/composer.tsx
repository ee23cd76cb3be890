/** Where an author writes, pastes or drops what becomes a page. Exact bytes are the business of `draft-text.ts`. */

import { useRef, useState } from 'preact/hooks'
import type { Insertion } from '../draft-text.ts'
import type { Tab } from '../tab.ts'
import { refusalSentence } from '../words/refusal-sentence.ts'
import { sizeText } from '../words/size-text.ts'
import { type ChosenFile, FileChoice } from './file-choice.tsx'
import { Preview } from './preview.tsx'
import { useCell } from './use-cell.ts'

export function Composer({ tab }: { tab: Tab }) {
  const { draft, session } = tab
  const [, render] = useState<object>()
  const [file, setFile] = useState<ChosenFile>()
  const [problem, setProblem] = useState<string>()
  const [making, setMaking] = useState(false)
  const insertion = useRef<Insertion | undefined>(undefined)

  useCell(session.connection) // the limit is known once the peer runs
  const bytes = file?.bytes ?? draft.encode()
  const limit = session.limits?.maxContentBytes
  const notice = file === undefined ? noticeOf(draft) : undefined

  const onPaste = (event: ClipboardEvent & { currentTarget: HTMLTextAreaElement }) => {
    const { selectionStart, selectionEnd } = event.currentTarget
    insertion.current = { text: event.clipboardData?.getData('text/plain') ?? '', start: selectionStart, end: selectionEnd }
  }
  const onDrop = (event: DragEvent) => {
    const text = event.dataTransfer?.getData('text/plain')
    if (text) insertion.current = { text, start: 0, end: 0 }
  }
  const onInput = (event: InputEvent & { currentTarget: HTMLTextAreaElement }) => {
    const { value, selectionStart } = event.currentTarget
    const given = insertion.current
    insertion.current = undefined
    // Dropped text is selected afterwards, and only then is it known where it fell.
    if (event.inputType === 'insertFromDrop') draft.edit(value, given && { text: given.text, start: selectionStart, end: selectionStart })
    else draft.edit(value, event.inputType === 'insertFromPaste' ? given : undefined)
    setProblem(undefined)
    render({})
  }
  const onFile = (chosen: ChosenFile | undefined) => {
    setFile(chosen)
    setProblem(undefined)
  }
  const make = async (event: Event) => {
    event.preventDefault()
    if (making) return
    setMaking(true)
    setProblem(undefined)
    try {
      await tab.make(bytes, file?.name)
      draft.clear()
    } catch (error) {
      setProblem(refusalSentence(error, { size: bytes.byteLength, limits: session.limits }))
      setMaking(false)
    }
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void make(event)
  }

  return (
    <form class="composer" onSubmit={make}>
      <div class="panes">
        {file === undefined && (
          <div class="pane">
            <label for="page-text">Your page</label>
            <textarea
              id="page-text"
              data-testid="page-text"
              placeholder="Text or HTML"
              rows={10}
              spellcheck
              defaultValue={draft.shown}
              onPaste={onPaste}
              onDrop={onDrop}
              onInput={onInput}
              onKeyDown={onKeyDown}
            />
          </div>
        )}
        {bytes.byteLength > 0 && <Preview bytes={bytes} />}
      </div>
      <FileChoice session={session} file={file} onFile={onFile} onProblem={setProblem} />
      {notice && <p class="notice">{notice}</p>}
      {problem && (
        <p class="problem" role="alert" data-testid="problem">
          {problem}
        </p>
      )}
      <div class="actions">
        <button type="submit" disabled={making} data-testid="make">
          {making ? 'Making the page…' : 'Make the page'}
        </button>
        <p class={limit !== undefined && bytes.byteLength > limit ? 'hint over' : 'hint'} data-testid="draft-size">
          {sizeText(bytes.byteLength)}
          {limit !== undefined && ` of at most ${sizeText(limit)}`}
          {bytes.byteLength === 0 && ': an empty page is a page too'}
        </p>
      </div>
    </form>
  )
}

function noticeOf(draft: Tab['draft']): string | undefined {
  if (!draft.isWellFormed)
    return 'This text holds half of a character (a lone surrogate). Bytes cannot carry it: it becomes \ufffd in the page.'
  return draft.hasCarriageReturns ? 'The line ends (CRLF) of what you pasted are kept as they are.' : undefined
}
