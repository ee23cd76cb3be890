/** Number of unread messages; 0 while there is no mailbox. */

import { Cell } from '../cell.ts'
import type { Tab } from '../tab.ts'
import { useCell } from './use-cell.ts'

const NOTHING = new Cell({ unread: 0 })

export function useUnread(tab: Tab): number {
  const mailbox = useCell(tab.mail.mailbox)
  return useCell<{ unread: number }>(mailbox?.counts ?? NOTHING).unread
}
