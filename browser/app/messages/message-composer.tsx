/** Where a message is written: to whom, and what. Sealing, signing and sending again are the peer's business. */

import { useState } from 'preact/hooks'
import type { Mailbox } from '../../messages/mailbox.ts'
import type { Tab } from '../../tab.ts'
import { sizeText } from '../../text/size-text.ts'
import { postProblemSentence, refusalText } from '../../words/message-sentence.ts'
import { useCell } from '../use-cell.ts'

const encoder = new TextEncoder()

export function MessageComposer({ tab, mailbox }: { tab: Tab; mailbox: Mailbox }) {
  const { draft } = mailbox.sent
  const { to, text, answers } = useCell(draft.state)
  const names = useCell(mailbox.settings.names)
  const ends = useCell(mailbox.settings.ends)
  const [isSending, setSending] = useState(false)
  const [problem, setProblem] = useState<string>()
  const size = encoder.encode(text).byteLength
  const limit = tab.session.limits?.maxMessageBytes

  const send = async (event: Event) => {
    event.preventDefault()
    if (isSending) return
    setSending(true)
    setProblem(undefined)
    try {
      const { outcome } = await mailbox.post()
      // Refused for a while or for good, the text is not thrown away; what became of it stands in the list, too.
      if (outcome.state === 'refused') setProblem(`Not sent: ${refusalText(outcome.reason)}.`)
      else draft.clear()
    } catch (error) {
      setProblem(postProblemSentence(error))
    }
    setSending(false)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send(event)
  }

  return (
    <form class="message-composer" onSubmit={send}>
      <label for="message-to">To</label>
      <input
        id="message-to"
        data-testid="message-to"
        list="message-known"
        value={to}
        placeholder="#name, or somebody’s address"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        required
        aria-describedby="message-means"
        onInput={(event) => draft.address(event.currentTarget.value)}
      />
      <datalist id="message-known">
        {[...names].map(([hashname, name]) => (
          <option key={hashname} value={hashname}>
            {name}
          </option>
        ))}
        {ends.map(({ end }) => (
          <option key={end} value={end} />
        ))}
      </datalist>
      <p id="message-means" class="hint">
        {meansSentence(mailbox.settings.endOf(to))}
        {answers !== undefined && ' It answers a message.'}
      </p>
      <label for="message-text">Message</label>
      <textarea
        id="message-text"
        data-testid="message-text"
        rows={4}
        dir="auto"
        value={text}
        required
        onInput={(event) => draft.write(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {limit !== undefined && size > limit && (
        <p class="notice" data-testid="message-large">
          This is {sizeText(size)}, more than the {sizeText(limit)} of a message: it goes as content that this browser holds, and the
          message carries its link. Keep a tab of this site open until it was read.
        </p>
      )}
      {problem && (
        <p class="problem" role="alert" data-testid="message-problem">
          {problem}
        </p>
      )}
      <div class="actions">
        <button type="submit" disabled={isSending} data-testid="send">
          {isSending ? 'Sending…' : 'Send'}
        </button>
      </div>
    </form>
  )
}

/** @param end undefined for what is none, or not yet */
function meansSentence(end: string | undefined): string {
  if (end === undefined) return 'A name with # is open to everybody; an address is one receiver’s, and sealed.'
  return end.startsWith('#') ? 'Open: everybody who listens there can read it.' : 'Sealed: only its receiver can read it.'
}
