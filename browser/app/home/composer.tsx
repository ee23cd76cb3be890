/** The form of the home page: write, paste or drop text, or choose files, and share it. `draft-text.ts` keeps the exact bytes of the text. */

import { useEffect, useRef, useState } from 'preact/hooks'
import type { Cell } from '../../cell.ts'
import { sizeOf } from '../../content/chosen-files.ts'
import type { Insertion } from '../../content/draft-text.ts'
import { hasWebCrypto } from '../../peer/web-crypto.ts'
import type { Tab } from '../../tab.ts'
import { PreviewFrame } from '../../visit/preview-frame.ts'
import { NO_PRIVATE_LINK } from '../../words/plain-http-sentence.ts'
import { nearLimitSentence, refusalSentence, tooLargeSentence } from '../../words/refusal-sentence.ts'
import { FileChoice } from '../file-choice.tsx'
import { Problem } from '../problem.tsx'
import { SharingBar } from '../sharing-bar.tsx'
import { useCell } from '../use-cell.ts'
import { ChosenList } from './chosen-list.tsx'

const SETTLE_MS = 150 // a preview that follows every key flickers

export function Composer({ tab }: { tab: Tab }) {
  const { draft, session } = tab
  const [, render] = useState<object>()
  const [problem, setProblem] = useState<string>()
  const [making, setMaking] = useState<AbortController>()
  const insertion = useRef<Insertion | undefined>(undefined)
  const files = useCell(tab.chosen)

  useCell(session.connection) // the limits are known when the peer runs
  const bytes = draft.encode()
  const { limits } = session
  const size = files.length > 0 ? sizeOf(files) : bytes.byteLength
  const limit = limits?.maxContentBytes
  const held = useCell(tab.holdings.pages).length
  const largest = files.length > 0 ? Math.max(...files.map(({ file }) => file.size)) : size
  const limitHint = limits && nearLimitSentence({ size: largest, contents: held + (files.length > 1 ? files.length + 1 : 1), limits })
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
        hasFiles={files.length > 0}
        onFiles={(chosen) => {
          if (making) return
          setProblem(undefined)
          tab.chosen.update((before) => [...before, ...chosen])
        }}
        onProblem={setProblem}
      />
      <PrivateChoice isPrivate={tab.isPrivate} disabled={making !== undefined} />
      {notice && <p class="notice">{notice}</p>}
      <Problem text={problem} testid="problem" />
      {making && files.length > 0 && <SharingBar sharing={tab.sharing} onCancel={() => making.abort()} />}
      <div class="actions">
        <button type="submit" disabled={making !== undefined} data-testid="make" aria-label={making ? undefined : 'Share: make the page'}>
          {making ? 'Sharing…' : 'Share'}
        </button>
        {limitHint && (
          <p class="hint over" data-testid="limit-hint">
            {limitHint}
          </p>
        )}
      </div>
    </form>
  )
}

/** The text that is being written, without its scripts. */
function Preview({ bytes }: { bytes: Uint8Array }) {
  const container = useRef<HTMLDivElement>(null)
  const frame = useRef<PreviewFrame | undefined>(undefined)

  useEffect(() => {
    const created = new PreviewFrame('Preview of your page')
    frame.current = created
    container.current?.append(created.element)
    return () => created.close()
  }, [])
  useEffect(() => {
    const timer = setTimeout(() => frame.current?.show(bytes), SETTLE_MS)
    return () => clearTimeout(timer)
  }, [bytes])

  return (
    <div class="pane">
      <p class="label">
        Preview <small>without scripts</small>
      </p>
      <div class="preview" ref={container} data-testid="preview" />
    </div>
  )
}

/** Browsers encrypt only in pages from https or from this machine. */
function PrivateChoice({ isPrivate, disabled }: { isPrivate: Cell<boolean>; disabled: boolean }) {
  const checked = useCell(isPrivate)
  const canEncrypt = hasWebCrypto()
  return (
    <p class="private-choice">
      <label>
        <input
          type="checkbox"
          data-testid="private"
          checked={checked}
          disabled={disabled || !canEncrypt}
          aria-describedby="private-means"
          onChange={(event) => isPrivate.set(event.currentTarget.checked)}
        />
        Private link
      </label>
      <span id="private-means" class="hint">
        {canEncrypt
          ? 'This tab encrypts the page, and the link has the key: only people with the whole link can read it. The gateway cannot.'
          : NO_PRIVATE_LINK}
      </span>
    </p>
  )
}

function noticeOf(draft: Tab['draft']): string | undefined {
  if (!draft.isWellFormed) return 'This text has half of a character (a lone surrogate). The page shows \ufffd in its place.'
  return draft.hasCarriageReturns ? 'The Windows line ends (CRLF) of the pasted text are kept.' : undefined
}
