/** Lets the browser tell of messages while nobody looks at the page. It asks only when it is pressed. */

import type { Notices } from '../../messages/notices.ts'
import { useCell } from '../use-cell.ts'

export function NoticeButton({ notices }: { notices: Notices }) {
  const permission = useCell(notices.permission)
  if (permission === 'unsupported') return null
  if (permission === 'default')
    return (
      <button type="button" class="quiet" onClick={() => notices.ask()} data-testid="notices">
        Tell me when something arrives
      </button>
    )
  return (
    <p class="hint" data-testid="notices" data-permission={permission}>
      {permission === 'granted'
        ? 'Your browser tells you when something arrives while this page is hidden.'
        : 'Your browser was told not to show notices of this page. Its settings can change that.'}
    </p>
  )
}
