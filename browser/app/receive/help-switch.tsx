/** The switch by which a receiver passes on what has come, and how much that was. */

import type { ReceiveVisit } from '../../sharing/receive-visit.ts'
import type { Tab } from '../../tab.ts'
import { givenSentence } from '../../words/receive-sentence.ts'
import { useCell } from '../use-cell.ts'

export function HelpSwitch({ tab, visit }: { tab: Tab; visit: ReceiveVisit }) {
  const given = useCell(tab.sharePeer.given)
  const bytes = visit.entries.reduce((sum, { hash }) => sum + (given.get(hash ?? '') ?? 0), 0)
  return (
    <div class="help-switch">
      <label>
        <input
          type="checkbox"
          checked={visit.isHelping}
          onChange={(event) => visit.help(event.currentTarget.checked)}
          data-testid="help-others"
        />
        Help others to get this
      </label>
      <p class="hint">
        {visit.isMetered && !visit.isHelping
          ? 'Off, since this connection seems to cost by what travels. '
          : 'What has come here goes on to others with the link, while this page is open. '}
        {visit.isHelping && <span data-testid="given">{givenSentence(bytes)}</span>}
      </p>
    </div>
  )
}
