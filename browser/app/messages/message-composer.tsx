/** The form to write a message. The peer encrypts, signs and sends it. */

import { useState } from 'preact/hooks'
import type { Mailbox } from '../../messages/mailbox.ts'
import type { Tab } from '../../tab.ts'
import { sizeText } from '../../text/size-text.ts'
import { postProblemSentence, refusalText } from '../../words/message-sentence.ts'
import { NO_SEALING } from '../../words/plain-http-sentence.ts'
import { Problem } from '../problem.tsx'
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
      // The text stays after a refusal. The list of sent messages shows the outcome, too.
      if (outcome.state === 'refused') setProblem(`Not sent: ${refusalText(outcome.reason)}.`)
      else draft.clear(text)
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
        placeholder={mailbox.canEncrypt ? '#name, or somebody’s address' : '#name'}
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
        {meansSentence(mailbox, to)}
        {answers !== undefined && ' This is an answer.'}
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
          This is {sizeText(size)}, and a message has at most {sizeText(limit)}. So it will have a link to the text, which this browser
          holds: keep a tab of this site open until it was opened.
        </p>
      )}
      <Problem text={problem} testid="message-problem" />
      <div class="actions">
        <button type="submit" disabled={isSending} data-testid="send">
          {isSending ? 'Sending…' : 'Send'}
        </button>
      </div>
    </form>
  )
}

function meansSentence({ canEncrypt, settings }: Mailbox, to: string): string {
  const end = settings.endOf(to)
  if (!canEncrypt && !end?.startsWith('#')) return NO_SEALING
  if (end === undefined) return 'Everybody can read what you write to a #name. A message to an address is encrypted for its receiver.'
  return end.startsWith('#') ? 'Public: everybody who listens to this name can read it.' : 'Encrypted: only the receiver can read it.'
}
