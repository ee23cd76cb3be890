/** The button that turns on notifications of new messages. The browser asks for permission only when it is pressed. */

import type { Notices } from '../../messages/notices.ts'
import { useCell } from '../use-cell.ts'

export function NoticeButton({ notices }: { notices: Notices }) {
  const permission = useCell(notices.permission)
  if (permission === 'unsupported') return null
  if (permission === 'default')
    return (
      <button type="button" class="quiet" onClick={() => notices.ask()} data-testid="notices">
        Notify me of new messages
      </button>
    )
  return (
    <p class="hint" data-testid="notices" data-permission={permission}>
      {permission === 'granted'
        ? 'Your browser notifies you of new messages while this page is hidden.'
        : 'Your browser blocks notifications of this page. You can change that in its settings.'}
    </p>
  )
}
