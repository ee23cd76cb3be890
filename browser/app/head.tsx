/** The head of every page: the name, the links to the pages, and the connection of this tab. */

import { Cell } from '../cell.ts'
import markUrl from '../mark.svg?url'
import type { Tab } from '../tab.ts'
import { connectionText } from '../words/connection-sentence.ts'
import { InnerLink } from './inner-link.tsx'
import { useCell } from './use-cell.ts'

export function Head({ tab }: { tab: Tab }) {
  const connection = useCell(tab.session.connection)
  const reason = 'reason' in connection ? connection.reason : undefined // why it is not connected, where that is known
  const unread = useUnread(tab)
  const questions = useQuestions(tab)
  return (
    <>
      <InnerLink tab={tab} to={{ view: 'home' }} class="brand" title="mayfly: make a page">
        <img src={markUrl} alt="" width="28" height="28" />
        mayfly
      </InnerLink>
      <nav class="places" aria-label="Pages of the app">
        <InnerLink tab={tab} to={{ view: 'share' }}>
          Share
        </InnerLink>
        <InnerLink tab={tab} to={{ view: 'receive' }}>
          Receive
        </InnerLink>
        <InnerLink tab={tab} to={{ view: 'messages' }}>
          {unread === 0 ? 'Messages' : `Messages (${unread})`}
        </InnerLink>
        <InnerLink tab={tab} to={{ view: 'people' }}>
          {questions === 0 ? 'People' : `People (${questions})`}
        </InnerLink>
      </nav>
      <p class="connection" role="status" data-testid="connection" data-state={connection.state} title={reason}>
        {connectionText(connection)}
      </p>
    </>
  )
}

const NOTHING = new Cell({ unread: 0 })

/** Number of unread messages; 0 while there is no mailbox. */
export function useUnread(tab: Tab): number {
  const mailbox = useCell(tab.mail.mailbox)
  return useCell<{ unread: number }>(mailbox?.counts ?? NOTHING).unread
}

const NOBODY = new Cell<readonly unknown[]>([])

/** Number of contacts' calls that wait for an answer; 0 while there is no account. */
export function useQuestions(tab: Tab): number {
  const people = useCell(tab.people.people)
  return useCell<readonly unknown[]>(people?.consents.questions ?? NOBODY).length
}
