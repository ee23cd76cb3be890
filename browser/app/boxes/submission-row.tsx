/** Something that comes through a drop box, and is not whole yet. */

import type { ShownSubmission } from '../../sharing/box-intake.ts'
import type { OwnBoxes } from '../../sharing/own-boxes.ts'
import { harmlessLine, harmlessText } from '../../text/harmless-text.ts'
import { offerText, submissionSentence } from '../../words/drop-sentence.ts'
import { ActionButton } from '../action-button.tsx'

const MOST_NAMES = 5

export function SubmissionRow({ own, box, submission }: { own: OwnBoxes; box: string; submission: ShownSubmission }) {
  const { id, state, words, files, bytes, totalBytes, isPushed } = submission
  const from = harmlessLine(submission.from).trim() || 'Somebody'
  const names = files.slice(0, MOST_NAMES).map(({ path }) => harmlessLine(path))
  const text = submissionSentence(submission)
  const giveUp = async () => {
    if (state === 'over' || confirm(`Take no more of what ${from} sends? They are told. What has come whole stays.`))
      await own.giveUp(box, id)
  }
  return (
    <li data-testid="submission" data-state={state}>
      <span class="name" dir="auto">
        <strong>{from}</strong>
        {names.length > 0 && ` ${names.join(', ')}${files.length > MOST_NAMES ? ', …' : ''}`}
      </span>
      <span class="facts">{files.length > 0 || words !== '' ? offerText(submission) : ''}</span>
      {words !== '' && (
        <q class="words" dir="auto">
          {harmlessText(words)}
        </q>
      )}
      {(state === 'receiving' || state === 'waiting') && totalBytes > 0 && (
        <progress value={bytes} max={totalBytes} aria-label={`Received from ${from}`} />
      )}
      {/* A screen reader hears each change of state, and not each step of the bar. */}
      <span class="state" {...(state !== 'receiving' && { role: 'status' })} data-testid="submission-state">
        {text}
        {isPushed && ' It is passed on by a gateway, which can read it.'}
      </span>
      <span class="buttons">
        {state === 'asked' && (
          <>
            <button type="button" onClick={() => own.decide(box, id, true)} data-testid="submission-take">
              Take it
            </button>
            <ActionButton text="Refuse it" onClick={() => own.decide(box, id, false)} data-testid="submission-refuse" />
          </>
        )}
        {state === 'failed' && <ActionButton text="Try again" onClick={() => own.again(box, id)} data-testid="submission-again" />}
        {state !== 'asked' && !isPushed && (
          <ActionButton
            text={state === 'over' ? 'Remove from the list' : 'Take no more of it'}
            onClick={giveUp}
            data-testid="submission-end"
          />
        )}
      </span>
    </li>
  )
}
