/** The messages page: the composer, the inbox, this browser's address, its settings, and the sent messages. */

import '../../messages.css'
import { useEffect } from 'preact/hooks'
import type { Mailbox } from '../../messages/mailbox.ts'
import type { ReceiverState } from '../../messages/message-receiver.ts'
import type { Tab } from '../../tab.ts'
import type { MessagesRoute } from '../../visit/route.ts'
import { mailboxProblemSentence } from '../../words/message-sentence.ts'
import { useCell } from '../use-cell.ts'
import { InboxList } from './inbox-list.tsx'
import { ListenedEnds } from './listened-ends.tsx'
import { MessageComposer } from './message-composer.tsx'
import { MutedSenders } from './muted-senders.tsx'
import { MyAddress } from './my-address.tsx'
import { NoticeButton } from './notice-button.tsx'
import { SentList } from './sent-list.tsx'

export interface MessagesViewProps {
  tab: Tab
  route: MessagesRoute
}

export function MessagesView({ tab, route }: MessagesViewProps) {
  const mailbox = useCell(tab.mail.mailbox)
  const problem = useCell(tab.mail.problem)
  useEffect(() => void tab.mail.open({ create: true }), [tab])
  return (
    <section class="messages" aria-label="Messages">
      <h1 tabIndex={-1}>Messages</h1>
      {problem !== undefined && (
        <p class="problem" role="alert" data-testid="mailbox-problem">
          {mailboxProblemSentence(problem)}
        </p>
      )}
      {mailbox ? <Opened tab={tab} mailbox={mailbox} to={route.to} /> : problem === undefined && <p class="lead">Opening your mailbox…</p>}
    </section>
  )
}

function Opened({ tab, mailbox, to }: { tab: Tab; mailbox: Mailbox; to: string | undefined }) {
  const receiving = useCell(mailbox.receiver.state)
  useEffect(() => {
    if (to !== undefined) mailbox.sent.draft.address(to)
  }, [mailbox, to])
  return (
    <>
      <p class="lead" data-testid="receiving" data-state={receiving}>
        {receivingSentence(receiving)}
      </p>
      <div class="columns">
        <div class="column">
          <MessageComposer tab={tab} mailbox={mailbox} />
          <InboxList tab={tab} mailbox={mailbox} />
        </div>
        <div class="column aside">
          <MyAddress mailbox={mailbox} />
          <ListenedEnds mailbox={mailbox} />
          <MutedSenders mailbox={mailbox} />
          <NoticeButton notices={mailbox.notices} />
          <SentList mailbox={mailbox} />
        </div>
      </div>
    </>
  )
}

function receivingSentence(state: ReceiverState): string {
  if (state === 'elsewhere') return 'Another tab of this browser receives your messages. They are shown here too.'
  return 'You receive messages while a tab of this site is open. They stay in this browser.'
}
