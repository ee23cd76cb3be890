/** The inbox, newest message first. Others wrote it, so all of it is shown as plain text. */

import { useEffect, useState } from 'preact/hooks'
import { saveContent } from '../../content/save-content.ts'
import { type InboxRow, textOf } from '../../messages/inbox-row.ts'
import type { Mailbox } from '../../messages/mailbox.ts'
import type { Tab } from '../../tab.ts'
import { harmlessLine } from '../../text/harmless-text.ts'
import { sizeText } from '../../text/size-text.ts'
import { routeOfLink } from '../../visit/route.ts'
import { listenProblemSentence } from '../../words/message-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { InnerLink } from '../inner-link.tsx'
import { useCell } from '../use-cell.ts'
import { SenderName } from './sender-name.tsx'

const QUOTE_LENGTH = 80

export function InboxList({ tab, mailbox }: { tab: Tab; mailbox: Mailbox }) {
  const rows = useCell(mailbox.inbox)
  const { messages } = useCell(mailbox.counts)
  useSeen(mailbox, rows)
  const byId = new Map(rows.map((row) => [row.id, row]))
  return (
    <section class="inbox" aria-labelledby="inbox-title">
      <h2 id="inbox-title">Inbox</h2>
      {rows.length === 0 && (
        <p class="hint">
          No messages yet. {mailbox.canEncrypt ? 'Give somebody your address, or listen to an open name.' : 'Listen to an open name.'}
        </p>
      )}
      <ol data-testid="inbox" aria-live="polite">
        {rows.map((row) => (
          <InboxMessage key={row.sequence} tab={tab} mailbox={mailbox} row={row} answered={byId.get(row.fields.re ?? '')} />
        ))}
      </ol>
      {messages > rows.length && <ActionButton text="Show older messages" data-testid="older" onClick={() => mailbox.showOlder()} />}
    </section>
  )
}

/** Marks the messages on screen as read while the page is visible. */
function useSeen(mailbox: Mailbox, rows: readonly InboxRow[]): void {
  useEffect(() => {
    const onLook = () => {
      if (!document.hidden) void mailbox.markRead()
    }
    onLook()
    document.addEventListener('visibilitychange', onLook)
    return () => document.removeEventListener('visibilitychange', onLook)
  }, [mailbox, rows])
}

type RowProps = { tab: Tab; mailbox: Mailbox; row: InboxRow }

/** @param props.answered the message that it answers, if that is on screen */
function InboxMessage({ tab, mailbox, row, answered }: RowProps & { answered: InboxRow | undefined }) {
  const { sequence, id, end, from, sentAtMs, isSealed, fields } = row
  const isMine = !end.startsWith('#') // to the address of now, or one before
  const answer = (to: string) => {
    mailbox.sent.draft.answer(to, id)
    document.getElementById('message-text')?.focus()
  }
  return (
    <li class="message" data-id={id} data-from={from} data-end={end} data-sealed={isSealed}>
      <header>
        <SenderName mailbox={mailbox} hashname={from} />
        <span class="facts">
          {isMine ? 'to you' : <>on {harmlessLine(end)}</>}
          {fields.via !== undefined && `, via ${harmlessLine(fields.via)}`} ·{' '}
          <time dateTime={new Date(sentAtMs).toISOString()}>{timeText(sentAtMs)}</time> ·{' '}
          <span class={isSealed ? 'encrypted' : 'public'}>{isSealed ? 'encrypted' : 'public'}</span>
        </span>
      </header>
      {answered && <blockquote dir="auto">{quoteOf(answered)}</blockquote>}
      <Body tab={tab} row={row} />
      <div class="actions">
        <ActionButton
          text={isMine ? 'Answer' : 'Answer here'}
          class="plain"
          onClick={() => answer(isMine ? from : end)}
          data-testid="answer"
        />
        {!isMine && from !== mailbox.hashname && <ActionButton text="Write to the sender" class="plain" onClick={() => answer(from)} />}
        {from !== mailbox.hashname && <MuteButton mailbox={mailbox} hashname={from} />}
        <ActionButton text="Remove" class="plain" onClick={() => mailbox.removeMessage(sequence)} data-testid="remove-message" />
      </div>
    </li>
  )
}

function MuteButton({ mailbox, hashname }: { mailbox: Mailbox; hashname: string }) {
  const isMuted = useCell(mailbox.settings.muted).has(hashname)
  const [problem, setProblem] = useState<string>()
  const change = () => mailbox.settings.muteSender(hashname, !isMuted).catch((error: unknown) => setProblem(listenProblemSentence(error)))
  return (
    <>
      <ActionButton text={isMuted ? 'Unmute the sender' : 'Mute the sender'} class="plain" onClick={change} data-testid="mute-sender" />
      {problem && <span role="alert">{problem}</span>}
    </>
  )
}

function Body({ tab, row }: { tab: Tab; row: InboxRow }) {
  const { type, body, fields, id } = row
  const text = textOf(row)
  const [problem, setProblem] = useState<string>()
  const route = fields.link === undefined ? undefined : routeOfLink(fields.link)
  if (route || text !== undefined)
    return (
      <>
        {text && (
          <p class="message-text" dir="auto" data-testid="message-body">
            {text}
          </p>
        )}
        {route && (
          <p class="message-text">
            This message is long.{' '}
            <InnerLink tab={tab} to={route}>
              Open it
            </InnerLink>{' '}
            while its sender or another reader is there: they hold its text.
          </p>
        )}
      </>
    )
  const save = () =>
    saveContent(
      { name: `message ${id.slice(0, 8)}`, size: body.byteLength, read: () => oneChunk(body) },
      new AbortController().signal,
    ).catch(() => setProblem('The file could not be saved.'))
  return (
    <p class="message-text">
      {harmlessLine(type)}, {sizeText(body.byteLength)}. <ActionButton text="Save" onClick={save} />
      {problem && <span role="alert"> {problem}</span>}
    </p>
  )
}

async function* oneChunk(bytes: Uint8Array) {
  yield bytes
}

function quoteOf(row: InboxRow): string {
  const text = textOf(row) ?? harmlessLine(row.type)
  return text.length > QUOTE_LENGTH ? `${text.slice(0, QUOTE_LENGTH)}…` : text
}

function timeText(atMs: number): string {
  const at = new Date(atMs)
  return at.toDateString() === new Date().toDateString() ? at.toLocaleTimeString() : at.toLocaleString()
}
