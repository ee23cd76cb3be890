/** The buttons of a share, and how far all of it is. */

import { useRef, useState } from 'preact/hooks'
import type { ShareEntry } from '../../../node/index.ts'
import type { ReceiveVisit } from '../../sharing/receive-visit.ts'
import { canChooseFolder, isBetterAsZip } from '../../sharing/save-place.ts'
import { filesText } from '../../text/size-text.ts'
import { progressText } from '../../words/progress-sentence.ts'
import { receiveButtonText, saveButtonText, savedSentence, shareProblemSentence } from '../../words/receive-sentence.ts'
import { shareWayText } from '../../words/share-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { Problem } from '../problem.tsx'

export function ReceiveBar({ visit, host }: { visit: ReceiveVisit; host: string }) {
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const [wish, setWish] = useState<boolean>()
  const bar = useRef<HTMLDivElement>(null)
  const { entries, hasTaken, received } = visit
  const act = async (work: () => Promise<void>) => {
    setBusy(true)
    setProblem(undefined)
    try {
      await work()
    } catch (error) {
      const isClosedDialog = error instanceof DOMException && error.name === 'AbortError'
      // The state of the share says why it has ended.
      if (!isClosedDialog && received.state !== 'ended') setProblem(shareProblemSentence(error))
    } finally {
      setBusy(false)
      // The pressed button may be gone: the keyboard goes on here, not at the top of the page.
      requestAnimationFrame(() => document.activeElement === document.body && bar.current?.focus())
    }
  }
  const chosen = received.state === 'listed' || received.state === 'taken' ? entries.filter((entry) => visit.isChosen(entry)) : []
  const { unplaced } = visit
  const files = [...chosen, ...unplaced].filter(({ kind }) => kind === 'file')
  const isZip = files.length > 1 && (wish ?? isBetterAsZip(files.map(({ path }) => path)))
  return (
    <div class="receive-bar" tabIndex={-1} ref={bar}>
      {files.length > 1 && <WayToSave hasFolders={files.some(({ path }) => path.includes('/'))} isZip={isZip} onChange={setWish} />}
      {chosen.length > 0 && (
        <button
          type="button"
          class="main"
          disabled={isBusy}
          data-testid="receive"
          onClick={() => act(() => visit.receive(idsOf(chosen), isZip))}
        >
          {receiveButtonText(chosen.length, entries.length, sizeOf(chosen))}
        </button>
      )}
      {unplaced.length > 0 && (
        <button
          type="button"
          class="main"
          disabled={isBusy}
          data-testid="save-received"
          onClick={() => act(() => visit.save(idsOf(unplaced), isZip))}
        >
          {saveButtonText(
            unplaced.length,
            unplaced.every((entry) => visit.table.progressOf(entry)?.phase === 'received'),
          )}
        </button>
      )}
      {hasTaken && <Progress visit={visit} host={host} />}
      <Problem text={problem} testid="receive-problem" />
    </div>
  )
}

const idsOf = (entries: readonly ShareEntry[]) => entries.map(({ id }) => id)
const sizeOf = (entries: readonly ShareEntry[]) => entries.reduce((sum, { size }) => sum + size, 0)

function WayToSave({ hasFolders, isZip, onChange }: { hasFolders: boolean; isZip: boolean; onChange(isZip: boolean): void }) {
  return (
    <fieldset class="way-to-save">
      <legend>Save as</legend>
      <label>
        <input type="radio" name="way-to-save" checked={!isZip} onChange={() => onChange(false)} data-testid="save-files" />
        {canChooseFolder() ? 'files in a folder' : hasFolders ? 'single files, without their folders' : 'single files'}
      </label>
      <label>
        <input type="radio" name="way-to-save" checked={isZip} onChange={() => onChange(true)} data-testid="save-zip" />
        one zip file
      </label>
    </fieldset>
  )
}

function Progress({ visit, host }: { visit: ReceiveVisit; host: string }) {
  const { done, total, bytesPerSecond, isComplete } = visit.downloads.total()
  const hasFailed = visit.entries.some((entry) => visit.table.progressOf(entry)?.phase === 'failed')
  const lost = visit.entries.filter((entry) => visit.table.isLost(entry)).length
  const way = visit.received.way && shareWayText(visit.received.way, host)
  return (
    <div class="receive-progress" data-testid="receive-progress" data-done={done} data-total={total} data-complete={isComplete}>
      {total > 0 && <progress max={1} value={done / total} aria-label="Progress of all" />}
      <p role="status">
        {isComplete
          ? total > 0 && savedSentence(visit.placeName)
          : `${visit.isPaused ? 'Paused: ' : ''}${progressText({ done, total, bytesPerSecond })}${way && !visit.isPaused ? `, ${way}` : ''}`}
      </p>
      {lost > 0 && (
        <p class="over" data-testid="lost">
          {filesText(lost)} of what you took cannot be received: the sharer’s device cannot read {lost === 1 ? 'it' : 'them'} any more.
        </p>
      )}
      {!isComplete && (
        <div class="actions">
          {visit.isPaused ? (
            <ActionButton text="Go on" onClick={() => visit.downloads.resume()} data-testid="receive-resume" />
          ) : (
            <ActionButton text="Pause" onClick={() => visit.downloads.pause()} data-testid="receive-pause" />
          )}
          {hasFailed && <ActionButton text="Try again" onClick={() => visit.downloads.resume()} data-testid="receive-again" />}
          <ActionButton text="Cancel" onClick={() => visit.downloads.cancel()} data-testid="receive-cancel" />
        </div>
      )}
    </div>
  )
}
