/** The code of two words and a number by which somebody gets the share who cannot be sent a link. */

import type { OwnShare } from '../../sharing/own-share.ts'
import { codeOutcomeSentence, sharingProblemSentence } from '../../words/share-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { Problem } from '../problem.tsx'
import { useCell } from '../use-cell.ts'

/** @param host of this site, where the code is entered */
export function SpokenCode({ ownShare, host }: { ownShare: OwnShare; host: string }) {
  const { state, code, expiresAtMs = 0, problem } = useCell(ownShare.code.shown)
  const isOver = state !== 'none' && state !== 'making' && state !== 'good'
  return (
    <div class="spoken-code" aria-live="polite">
      {state === 'good' && (
        <>
          <p>Or say this code, to be entered at “Receive” on {host}:</p>
          <p>
            <output data-testid="share-code">{code}</output>
          </p>
          <p class="hint">It works once, until {new Date(expiresAtMs).toLocaleTimeString([], { timeStyle: 'short' })}.</p>
          <ActionButton text="Take the code back" onClick={() => ownShare.code.cancel()} />
        </>
      )}
      {state === 'making' && <p>Making a code to say aloud…</p>}
      {isOver && <p data-testid="code-outcome">{codeOutcomeSentence(state)}</p>}
      {(state === 'none' || isOver) && (
        <ActionButton text="Make a code to say aloud" onClick={() => void ownShare.makeCode()} data-testid="make-code" />
      )}
      <Problem text={problem === undefined ? undefined : sharingProblemSentence(problem)} testid="code-problem" />
    </div>
  )
}
