/** The page of somebody's drop box: what it takes, something to send to it, and how that stands there. */

import '../../drop.css'
import '../../fields.css'
import { useEffect, useState } from 'preact/hooks'
import { hasWebCrypto } from '../../peer/web-crypto.ts'
import type { DropVisit } from '../../sharing/drop-visit.ts'
import type { Tab } from '../../tab.ts'
import { harmlessLine } from '../../text/harmless-text.ts'
import { noBoxSentence, termSentences } from '../../words/drop-sentence.ts'
import { useCell } from '../use-cell.ts'
import { type Draft, DropForm } from './drop-form.tsx'
import { Interrupted } from './interrupted.tsx'
import { Sending } from './sending.tsx'

export function DropView({ tab, link, visit }: { tab: Tab; link: string; visit: DropVisit }) {
  const terms = useCell(visit.terms)
  const box = useCell(visit.box)
  const sending = useCell(visit.sending)
  useEffect(() => () => tab.drops.leave(link), [tab, link])
  // A refusal takes nothing from the form.
  const [draft, setDraft] = useState<Draft>({ files: [], words: '', from: '' })
  useEffect(() => {
    if (sending.state === 'done') setDraft(({ from }) => ({ files: [], words: '', from }))
  }, [sending.state])
  const isAway = box.state === 'away'
  return (
    <section class="home drop" data-testid="drop" data-box={box.state} data-sending={sending.state}>
      <h1 tabIndex={-1} dir="auto">
        {terms === undefined ? 'Send something' : harmlessLine(terms.title)}
      </h1>
      {terms && (
        <section aria-labelledby="terms-title">
          <h2 id="terms-title">What this box takes</h2>
          <ul class="terms" data-testid="drop-terms">
            {termSentences(terms).map((sentence) => (
              <li key={sentence}>{harmlessLine(sentence)}</li>
            ))}
          </ul>
          <p class="hint">
            {hasWebCrypto()
              ? 'It goes from this tab to whoever made the link, encrypted on its way. You need no account.'
              : 'This page came by plain http: nodes that pass the files on can read them. You need no account.'}
          </p>
        </section>
      )}
      <div aria-live="polite">
        {box.state === 'looking' && <p role="status">Looking for the owner of this box…</p>}
        {box.state === 'none' && (
          <p class="problem" role="alert" data-testid="drop-none">
            {noBoxSentence(box.code)}
          </p>
        )}
        {isAway && sending.state !== 'sending' && sending.state !== 'preparing' && (
          <p class="notice" data-testid="drop-away">
            {terms === undefined
              ? 'They are not here now: their box is open while they have it open. Keep this tab open, and it says so when they are. Nothing can be sent before.'
              : 'They are not here now. What you send waits in this tab, and begins by itself when they are back.'}
          </p>
        )}
      </div>
      {sending.state === 'interrupted' && <Interrupted visit={visit} sending={sending} />}
      {terms && box.state !== 'none' && (sending.state === 'idle' || sending.state === 'refused') && (
        <DropForm
          visit={visit}
          terms={terms}
          refused={sending.state === 'refused' ? sending.text : undefined}
          draft={draft}
          onDraft={(changes) => setDraft((before) => ({ ...before, ...changes }))}
        />
      )}
      {sending.state === 'refused' && box.state === 'none' && (
        <p class="problem" role="alert">
          {sending.text}.
        </p>
      )}
      <Sending visit={visit} sending={sending} isOpen={box.state === 'open'} />
    </section>
  )
}
