/** The messages page: the composer, the inbox, this browser's address, its settings, and the sent messages. */

import '../../messages.css'
import { useEffect } from 'preact/hooks'
import type { Mailbox } from '../../messages/mailbox.ts'
import type { ReceiverState } from '../../messages/message-receiver.ts'
import type { Notices } from '../../messages/notices.ts'
import type { Tab } from '../../tab.ts'
import type { MessagesRoute } from '../../visit/route.ts'
import { mailboxProblemSentence } from '../../words/message-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { Problem } from '../problem.tsx'
import { useCell } from '../use-cell.ts'
import { InboxList } from './inbox-list.tsx'
import { ListenedEnds } from './listened-ends.tsx'
import { MessageComposer } from './message-composer.tsx'
import { MyAddress } from './my-address.tsx'
import { SentList } from './sent-list.tsx'

export function MessagesView({ tab, route }: { tab: Tab; route: MessagesRoute }) {
  const mailbox = useCell(tab.mail.mailbox)
  const problem = useCell(tab.mail.problem)
  useEffect(() => void tab.mail.open({ create: true }), [tab])
  return (
    <section class="messages" aria-label="Messages">
      <h1 tabIndex={-1}>Messages</h1>
      <Problem text={problem === undefined ? undefined : mailboxProblemSentence(problem)} testid="mailbox-problem" />
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
          <SentList mailbox={mailbox} />
          <InboxList tab={tab} mailbox={mailbox} />
        </div>
        <div class="column aside">
          <MyAddress mailbox={mailbox} />
          <ListenedEnds mailbox={mailbox} />
          <MutedSenders mailbox={mailbox} />
          <NoticeButton notices={mailbox.notices} />
        </div>
      </div>
    </>
  )
}

/** Hidden while nobody is muted. */
function MutedSenders({ mailbox }: { mailbox: Mailbox }) {
  const muted = useCell(mailbox.settings.muted)
  useCell(mailbox.settings.names)
  if (muted.size === 0) return null
  return (
    <section class="muted-senders" aria-labelledby="muted-title">
      <h2 id="muted-title">Muted</h2>
      <ul data-testid="muted">
        {[...muted].map((hashname) => (
          <li key={hashname} data-hashname={hashname}>
            <span title={hashname}>{mailbox.settings.nameOf(hashname)}</span>
            <ActionButton text="Unmute" onClick={() => mailbox.settings.muteSender(hashname, false)} />
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Turns on notifications of new messages. The browser asks for permission only when the button is pressed. */
function NoticeButton({ notices }: { notices: Notices }) {
  const permission = useCell(notices.permission)
  if (permission === 'unsupported') return null
  if (permission === 'default') return <ActionButton text="Notify me of new messages" onClick={() => notices.ask()} data-testid="notices" />
  return (
    <p class="hint" data-testid="notices" data-permission={permission}>
      {permission === 'granted'
        ? 'Your browser notifies you of new messages while this page is hidden.'
        : 'Your browser blocks notifications of this page. You can change that in its settings.'}
    </p>
  )
}

function receivingSentence(state: ReceiverState): string {
  if (state === 'elsewhere') return 'Another tab of this browser receives your messages. They are shown here too.'
  return 'You receive messages while a tab of this site is open. They stay in this browser.'
}
