/** The receivers of the share: one row each, with how far it is and by which way. */

import type { ShownShare } from '../../sharing/followed-share.ts'
import type { OwnShare } from '../../sharing/own-share.ts'
import type { ShownReceiver } from '../../sharing/receiver-progress.ts'
import type { Tab } from '../../tab.ts'
import { harmlessLine } from '../../text/harmless-text.ts'
import { receiverProblemSentence, receiverSentence, shareWayText, totalSentence } from '../../words/share-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { useCell } from '../use-cell.ts'

const MOST_SHOWN = 100

export function ReceiverList({ tab, ownShare, share }: { tab: Tab; ownShare: OwnShare; share: ShownShare }) {
  const { receivers } = share
  const total = totalSentence(receivers)
  const connection = useCell(tab.session.connection)
  const node = connection.state === 'joined' ? connection.through : 'a node'
  return (
    <section class="receivers" aria-labelledby="receivers-title">
      <h2 id="receivers-title">Receivers</h2>
      {receivers.length === 0 && <p class="hint">Nobody has opened the link yet.</p>}
      {total && receivers.length > 1 && <p data-testid="receivers-total">{total}</p>}
      <ul data-testid="receivers">
        {receivers.slice(0, MOST_SHOWN).map((receiver) => (
          <ReceiverRow key={receiver.id} ownShare={ownShare} receiver={receiver} node={node} isOver={share.state === 'ended'} />
        ))}
      </ul>
      {receivers.length > MOST_SHOWN && <p class="hint">and {receivers.length - MOST_SHOWN} more.</p>}
    </section>
  )
}

interface ReceiverRowProps {
  ownShare: OwnShare
  receiver: ShownReceiver
  /** The node that serves this tab, in words. */
  node: string
  isOver: boolean
}

function ReceiverRow({ ownShare, receiver, node, isOver }: ReceiverRowProps) {
  const { id, state, way, problem, done, total } = receiver
  const label = harmlessLine(receiver.label) || 'a receiver'
  const { share } = ownShare
  const isHere = state === 'receiving' || state === 'done'
  return (
    <li data-receiver={id} data-state={state} data-way={way}>
      <span class="name" dir="auto">
        {label}
      </span>
      {(state === 'receiving' || state === 'done') && (
        <progress aria-label={`Received by ${label}`} max={1} value={state === 'done' ? 1 : total === 0 ? 0 : done / total} />
      )}
      <span class="facts">
        <Announced state={state} text={receiverSentence(receiver, isOver)} />
        {way && isHere && `, ${shareWayText(way, node)}`}
      </span>
      {problem && state === 'receiving' && (
        <span class="problem" role="status" data-testid="receiver-problem">
          {receiverProblemSentence(harmlessLine(problem))}
        </span>
      )}
      <span class="buttons">
        {state === 'asking' && (
          <>
            <button type="button" onClick={() => share?.admit(id, true)} aria-label={`Admit ${label}`} data-testid="admit">
              Admit
            </button>
            <ActionButton text="Refuse" aria-label={`Refuse ${label}`} onClick={() => share?.admit(id, false)} data-testid="refuse" />
          </>
        )}
        {!isOver && (state === 'looking' || state === 'receiving') && (
          <ActionButton text="Send away" aria-label={`Send away ${label}`} onClick={() => share?.dismiss(id)} data-testid="dismiss" />
        )}
      </span>
    </li>
  )
}

/** A screen reader hears each change of state, and not each step of a bar. */
function Announced({ state, text }: { state: ShownReceiver['state']; text: string }) {
  return state === 'receiving' ? <span>{text}</span> : <span role="status">{text}</span>
}
