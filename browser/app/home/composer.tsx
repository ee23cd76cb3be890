/** The form of the home page: write, paste or drop text, or choose files. `draft-text.ts` keeps the exact bytes of the text. */

import { useRef, useState } from 'preact/hooks'
import { sizeOf } from '../../content/chosen-files.ts'
import type { Insertion } from '../../content/draft-text.ts'
import type { Tab } from '../../tab.ts'
import { sizeText } from '../../text/size-text.ts'
import { refusalSentence, tooLargeSentence } from '../../words/refusal-sentence.ts'
import { Problem } from '../problem.tsx'
import { useCell } from '../use-cell.ts'
import { ChosenList } from './chosen-list.tsx'
import { FileChoice } from './file-choice.tsx'
import { Preview } from './preview.tsx'
import { PrivateChoice } from './private-choice.tsx'
import { SharingBar } from './sharing-bar.tsx'

export function Composer({ tab }: { tab: Tab }) {
  const { draft, session } = tab
  const [, render] = useState<object>()
  const [problem, setProblem] = useState<string>()
  const [making, setMaking] = useState<AbortController>()
  const insertion = useRef<Insertion | undefined>(undefined)
  const files = useCell(tab.chosen)
  const isPrivate = useCell(tab.isPrivate)

  useCell(session.connection) // the limits are known when the peer runs
  const bytes = draft.encode()
  const { limits } = session
  const size = files.length > 0 ? sizeOf(files) : bytes.byteLength
  const limit = limits?.maxContentBytes
  const notice = files.length === 0 ? noticeOf(draft) : undefined

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
    // The selection after a drop is the dropped text: only then its place is known.
    if (event.inputType === 'insertFromDrop') draft.edit(value, given && { text: given.text, start: selectionStart, end: selectionStart })
    else draft.edit(value, event.inputType === 'insertFromPaste' ? given : undefined)
    setProblem(undefined)
    render({})
  }
  const make = async (event: Event) => {
    event.preventDefault()
    if (making) return
    const tooLarge = limit === undefined ? undefined : files.find(({ file }) => file.size > limit)
    if (tooLarge) return setProblem(`“${tooLarge.path}”: ${tooLargeSentence(tooLarge.file.size, limit)}`)
    const controller = new AbortController()
    setMaking(controller)
    setProblem(undefined)
    try {
      if (files.length > 0) {
        await tab.share({ signal: controller.signal })
      } else {
        await tab.make(bytes)
        draft.clear()
      }
    } catch (error) {
      setMaking(undefined)
      if (!controller.signal.aborted) setProblem(refusalSentence(error, { size, limits, ...(files.length > 1 && { files: files.length }) }))
    }
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void make(event)
  }

  return (
    <form class="composer" onSubmit={make}>
      {files.length > 0 ? (
        <ChosenList files={files} disabled={making !== undefined} onFiles={(chosen) => tab.chosen.set(chosen)} />
      ) : (
        <div class="panes">
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
          {bytes.byteLength > 0 && <Preview bytes={bytes} />}
        </div>
      )}
      <FileChoice
        onFiles={(chosen) => {
          if (making) return
          setProblem(undefined)
          tab.chosen.update((before) => [...before, ...chosen])
        }}
        onProblem={setProblem}
      />
      <PrivateChoice checked={isPrivate} disabled={making !== undefined} onChoice={(choice) => tab.isPrivate.set(choice)} />
      {notice && <p class="notice">{notice}</p>}
      <Problem text={problem} testid="problem" />
      {making && files.length > 0 && <SharingBar sharing={tab.sharing} onCancel={() => making.abort()} />}
      <div class="actions">
        <button type="submit" disabled={making !== undefined} data-testid="make">
          {making ? 'Making the page…' : 'Make the page'}
        </button>
        <p class={limit !== undefined && size > limit ? 'hint over' : 'hint'} data-testid="draft-size">
          {sizeText(size)}
          {limits && `. Limits: ${sizeText(limits.maxContentBytes)} per page or file, ${limits.maxHeldContents} pages and files per tab.`}
        </p>
      </div>
    </form>
  )
}

function noticeOf(draft: Tab['draft']): string | undefined {
  if (!draft.isWellFormed) return 'This text has half of a character (a lone surrogate). The page shows \ufffd in its place.'
  return draft.hasCarriageReturns ? 'The Windows line ends (CRLF) of the pasted text are kept.' : undefined
}
