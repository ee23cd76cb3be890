/** Fetching content that this tab does not hold, to keep it: the button to start, the progress, and pause, cancel and resume. */

import { rawPathOf } from '../../content/raw-address.ts'
import type { Tab } from '../../tab.ts'
import { sizeText } from '../../text/size-text.ts'
import type { Transfer } from '../../transfer/transfer.ts'
import { bytesIn, type TransferPlan } from '../../transfer/transfer-plan.ts'
import { progressText, wayText } from '../../words/progress-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { useCell } from '../use-cell.ts'
import type { ShownPage } from './shown-page.ts'

const BRIEF_BYTES = 262_144 // the bar of a small bundle would only flash

/** @param props.plan the content to fetch; undefined while unknown */
export function TransferBar({ tab, plan, page }: { tab: Tab; plan: TransferPlan | undefined; page: ShownPage }) {
  const transfer = useCell(tab.transfers.all).get(plan?.hash ?? '')
  if (transfer) return <RunningTransfer tab={tab} transfer={transfer} page={page} />
  if (!plan || (!page.isThere && page.isForSaving)) return null // saving it later holds it, too
  const size = sizeText(bytesIn(plan))
  return (
    <div class="help">
      <ActionButton
        text={page.isThere ? `Help to keep it here (${size})` : `Keep it here when somebody holds it again (${size})`}
        data-testid="hold-too"
        onClick={() => tab.transfers.begin(plan)}
      />
      <p class="hint">
        {page.visitorsHold === 'by saving' ? 'When you save it or keep it here' : 'When you keep it here'}, others can get it from you while
        this tab is open.
      </p>
    </div>
  )
}

function RunningTransfer({ tab, transfer, page }: { tab: Tab; transfer: Transfer; page: ShownPage }) {
  const state = useCell(transfer.state)
  const { phase, done, total, reason } = state
  const { hash } = transfer.plan
  const ways = useCell(tab.sources.ways)
  const way = ways.get(state.file ?? '')
  const isBrief = total <= BRIEF_BYTES && (phase === 'running' || phase === 'checking')
  if (phase === 'done' || isBrief) return null
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
      {phase === 'failed' && !page.isPrivate && !page.bundle && page.isThere && (
        <a href={rawPathOf({ ...page.route, download: true })}>Save it through the gateway</a>
      )}
      <ActionButton text="Cancel" data-testid="transfer-cancel" onClick={() => tab.transfers.cancel(hash)} />
    </div>
  )
}
