/** Fetching content that this tab does not hold: the button to start, the progress, and pause, cancel and resume. */

import type { Tab } from '../../tab.ts'
import { sizeText } from '../../text/size-text.ts'
import type { Transfer, TransferPlan } from '../../transfer/transfer.ts'
import { progressText, wayText } from '../../words/progress-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { useCell } from '../use-cell.ts'

/** @param props.plan the content to fetch; undefined while unknown */
export function TransferBar({ tab, plan }: { tab: Tab; plan: TransferPlan | undefined }) {
  const transfer = useCell(tab.transfers.all).get(plan?.hash ?? '')
  if (transfer) return <RunningTransfer tab={tab} transfer={transfer} />
  if (!plan) return null
  const total = plan.files.reduce((sum, { size }) => sum + size, 0)
  return (
    <div class="actions">
      <button type="button" data-testid="hold-too" onClick={() => tab.transfers.begin(plan)}>
        Hold this too ({sizeText(total)})
      </button>
    </div>
  )
}

function RunningTransfer({ tab, transfer }: { tab: Tab; transfer: Transfer }) {
  const state = useCell(transfer.state)
  const { phase, done, total, reason } = state
  const { hash } = transfer.plan
  const ways = useCell(tab.sources.ways)
  const way = ways.get(state.file ?? '')
  if (phase === 'done') return null
  const isStopped = phase === 'paused' || phase === 'failed'
  return (
    <div class="progress" data-testid="transfer" data-phase={phase} data-done={done} data-way={way && (way.isDirect ? 'direct' : 'node')}>
      <progress max={1} value={total === 0 ? 0 : done / total} aria-label="Progress" />
      <p role={phase === 'failed' ? 'alert' : undefined}>
        {phase === 'running' && `Fetching${way ? `, ${wayText(way)}` : ''}: ${progressText(state)}`}
        {phase === 'waiting' && `Waiting at ${progressText(state)}. Nobody holds the rest now. It continues as soon as somebody does.`}
        {phase === 'checking' && `Checking: ${progressText(state)}`}
        {phase === 'paused' && `Paused at ${progressText(state)}`}
        {phase === 'failed' && `Stopped at ${progressText(state)}: ${reason}`}
      </p>
      {isStopped ? (
        <ActionButton text="Resume" data-testid="transfer-go-on" onClick={() => tab.transfers.resume(hash)} />
      ) : (
        <ActionButton text="Pause" data-testid="transfer-pause" onClick={() => tab.transfers.pause(hash)} />
      )}
      <ActionButton text="Cancel" data-testid="transfer-cancel" onClick={() => tab.transfers.cancel(hash)} />
    </div>
  )
}
