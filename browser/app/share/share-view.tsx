/** The page to share: drop, choose, paste or write something, and there is a link. Then who receives it, and how far they are. */

import '../../fields.css'
import '../../share.css'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { ChosenFile } from '../../content/chosen-files.ts'
import type { ShownShare } from '../../sharing/followed-share.ts'
import type { ChosenRules, OwnShare } from '../../sharing/own-share.ts'
import type { Tab } from '../../tab.ts'
import { endedSentence, renamedSentence, ruleSentences, sharingProblemSentence } from '../../words/share-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { FileChoice } from '../file-choice.tsx'
import { InnerLink } from '../inner-link.tsx'
import { Problem } from '../problem.tsx'
import { useCell } from '../use-cell.ts'
import { EntryList } from './entry-list.tsx'
import { GivenList } from './given-list.tsx'
import { MissingList } from './missing-list.tsx'
import { ReceiverList } from './receiver-list.tsx'
import { RulesForm } from './rules-form.tsx'
import { ShareLink } from './share-link.tsx'
import { TextForm } from './text-form.tsx'

/** Rules before anything is shared: whoever has the link, as long as the tab is open. */
const NO_RULES: ChosenRules = {}

export function ShareView({ tab, ownShare }: { tab: Tab; ownShare: OwnShare }) {
  const share = useCell(ownShare.shown)
  const isReturning = useCell(ownShare.isReturning)
  const [rules, setRules] = useState(NO_RULES)
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const [notice, setNotice] = useState<string>()
  const title = useRef<HTMLHeadingElement>(null)
  /** @returns true unless there is a problem, which is shown */
  const run = async (work: () => Promise<string | undefined>): Promise<boolean> => {
    setBusy(true)
    setProblem(undefined)
    setNotice(undefined)
    let isDone = true
    try {
      setNotice(await work())
    } catch (error) {
      isDone = false
      setProblem(sharingProblemSentence(error))
    }
    setBusy(false)
    return isDone
  }
  const addFiles = (files: readonly ChosenFile[]) => run(async () => renamedSentence(await ownShare.addFiles(files, rules)))
  const addText = (text: string) => run(async () => renamedSentence(await ownShare.addText(text, rules)))
  const end = () => {
    if (share?.receivers.some(({ state }) => state === 'receiving') && !confirm('Somebody is receiving. End the share all the same?'))
      return
    ownShare.end().catch((error: unknown) => setProblem(sharingProblemSentence(error)))
    title.current?.focus() // the button goes
  }
  const again = () => {
    setNotice(undefined)
    setRules(NO_RULES)
    void ownShare.close()
    title.current?.focus()
  }
  const canAdd = !isReturning && share?.state !== 'ended'
  usePeer(tab)
  usePastedText(canAdd ? addText : undefined)
  return (
    <section class="home share">
      <h1 tabIndex={-1} ref={title}>
        Share
      </h1>
      {share === undefined && (
        <p class="lead">
          Drop or paste something, and give the link to whom you like. It goes from this tab to theirs, and no server keeps it.{' '}
          <InnerLink tab={tab} to={{ view: 'boxes' }}>
            Let others send files to me
          </InnerLink>
        </p>
      )}
      {isReturning && <p role="status">Bringing back what you shared before the reload…</p>}
      {share && <Shared tab={tab} ownShare={ownShare} share={share} onProblem={setProblem} onNotice={setNotice} />}
      {canAdd && <GivenList onFiles={addFiles} onText={addText} />}
      {canAdd && (
        <section class="add" aria-label={share ? 'Share more' : 'What to share'}>
          <FileChoice hasFiles={share !== undefined} onFiles={addFiles} onProblem={setProblem} />
          <TextForm isBusy={isBusy} onText={addText} />
        </section>
      )}
      <div aria-live="polite">
        {isBusy && share === undefined && <p>Making the link…</p>}
        {notice && share?.state !== 'ended' && (
          <p class="notice" data-testid="share-notice">
            {notice}
          </p>
        )}
      </div>
      <Problem text={problem} testid="share-problem" />
      {share === undefined && !isReturning && <RulesForm rules={rules} onRules={setRules} />}
      {share && <RulesAndEnd share={share} onEnd={end} onAgain={again} />}
    </section>
  )
}

interface SharedProps {
  tab: Tab
  ownShare: OwnShare
  share: ShownShare
  onProblem(problem: string | undefined): void
  onNotice(notice: string | undefined): void
}

function Shared({ tab, ownShare, share, onProblem, onNotice }: SharedProps) {
  return (
    <>
      {share.state === 'ended' ? (
        <p class="notice" role="status" data-testid="share-ended">
          {endedSentence(share.endCode)}
        </p>
      ) : (
        <ShareLink tab={tab} ownShare={ownShare} share={share} />
      )}
      {share.state === 'locked' && (
        <p class="problem" role="alert" data-testid="share-locked">
          Twenty wrong passwords were entered, so nobody can try another.{' '}
          <ActionButton text="Let them try again" onClick={() => ownShare.share?.unlock()} />
        </p>
      )}
      <ReceiverList tab={tab} ownShare={ownShare} share={share} />
      <EntryList share={share} ownShare={ownShare} onProblem={onProblem} onNotice={onNotice} />
      {share.missing.length > 0 && <MissingList files={share.missing} onForget={(file) => ownShare.forget(file)} />}
    </>
  )
}

function RulesAndEnd({ share, onEnd, onAgain }: { share: ShownShare; onEnd(): void; onAgain(): void }) {
  if (share.state === 'ended') {
    return (
      <p class="actions">
        <button type="button" class="main" onClick={onAgain} data-testid="share-again">
          Share something else
        </button>
      </p>
    )
  }
  return (
    <>
      <section class="rules" aria-labelledby="rules-title">
        <h2 id="rules-title">Rules</h2>
        <ul data-testid="share-rules">
          {ruleSentences(share.rules).map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
        {!share.isKept && <p class="hint">This share is too long to be kept over a reload: do not reload this page.</p>}
      </section>
      <p class="actions">
        <ActionButton text="End this share" onClick={onEnd} data-testid="share-end" />
      </p>
    </>
  )
}

/** The peer by which this tab shares is made ready, so that a link is there at once. */
function usePeer({ sharePeer }: Tab): void {
  useEffect(() => void sharePeer.open().catch(() => {}), [sharePeer]) // a failure is told when something is shared
}

/** Text that is pasted beside a field is shared; FileChoice takes pasted pictures and files. */
function usePastedText(onText: ((text: string) => void) | undefined): void {
  useEffect(() => {
    if (onText === undefined) return
    const onPaste = (event: ClipboardEvent) => {
      const isInField = event.target instanceof HTMLElement && event.target.matches('input, textarea, [contenteditable]')
      const text = event.clipboardData?.getData('text/plain') ?? ''
      if (isInField || text === '') return
      event.preventDefault()
      onText(text)
    }
    document.addEventListener('paste', onPaste)
    return () => document.removeEventListener('paste', onPaste)
  })
}
