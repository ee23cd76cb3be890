/** A submission that was interrupted, whose files this browser cannot read any more: it goes on when they are chosen again. */

import { useState } from 'preact/hooks'
import type { DropVisit, SendingState } from '../../sharing/drop-visit.ts'
import { filesText, sizeText } from '../../text/size-text.ts'
import { ActionButton } from '../action-button.tsx'
import { FileChoice } from '../file-choice.tsx'
import { Problem } from '../problem.tsx'

const MOST_SHOWN = 20

export function Interrupted({ visit, sending }: { visit: DropVisit; sending: Extract<SendingState, { state: 'interrupted' }> }) {
  const [problem, setProblem] = useState<string>()
  const { missing } = sending
  return (
    <section class="notice interrupted" aria-labelledby="interrupted-title" data-testid="interrupted">
      <h2 id="interrupted-title">They do not have all of it yet</h2>
      <p>
        This page was closed before everything was there. Choose {missing.length === 1 ? 'this file' : 'these files'} again, and it goes on
        where it stopped.
      </p>
      <ul>
        {missing.slice(0, MOST_SHOWN).map(({ path, size }) => (
          <li key={path}>
            <span class="name" dir="auto">
              {path}
            </span>
            <span class="facts">{sizeText(size)}</span>
          </li>
        ))}
      </ul>
      {missing.length > MOST_SHOWN && <p>and {filesText(missing.length - MOST_SHOWN)} more.</p>}
      <FileChoice
        onFiles={async (files) => {
          const [other] = await visit.choose(files)
          setProblem(other && `“${other.path}” is none of them: another name, or another size. Send it after this.`)
        }}
        onProblem={setProblem}
      />
      <Problem text={problem} testid="interrupted-problem" />
      <ActionButton text="Do not send the rest" onClick={() => void visit.stop()} data-testid="drop-stop" />
    </section>
  )
}
