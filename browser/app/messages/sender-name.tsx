/** The sender of a message: its name or the beginning of its hashname, and a form to name it. */

import { useState } from 'preact/hooks'
import type { Mailbox } from '../../messages/mailbox.ts'
import { RECEIVER_LIMITS } from '../../messages/receiver-records.ts'
import { shortHash } from '../../text/short-text.ts'
import { listenProblemSentence } from '../../words/message-sentence.ts'
import { useCell } from '../use-cell.ts'

export function SenderName({ mailbox, hashname }: { mailbox: Mailbox; hashname: string }) {
  const name = useCell(mailbox.settings.names).get(hashname)
  const [typed, setTyped] = useState<string>()
  const [problem, setProblem] = useState<string>()
  if (typed === undefined)
    return (
      <span class="sender">
        {name === undefined ? <code title={hashname}>{shortHash(hashname)}</code> : <strong title={hashname}>{name}</strong>}
        {hashname === mailbox.hashname ? (
          <span class="facts"> (you)</span>
        ) : (
          <button type="button" class="plain" onClick={() => setTyped(name ?? '')} data-testid="name-sender">
            {name === undefined ? 'Name' : 'Rename'}
          </button>
        )}
      </span>
    )
  const save = async (event: Event) => {
    event.preventDefault()
    try {
      await mailbox.settings.nameSender(hashname, typed)
      setTyped(undefined)
    } catch (error) {
      setProblem(listenProblemSentence(error))
    }
  }
  return (
    <form class="sender" onSubmit={save}>
      <input
        aria-label={`Name for ${shortHash(hashname)}`}
        data-testid="sender-name"
        value={typed}
        maxLength={RECEIVER_LIMITS.nameLength}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && setTyped(undefined)}
        ref={(field) => field?.focus()}
      />
      <button type="submit" class="quiet">
        Save
      </button>
      {problem && <span role="alert">{problem}</span>}
    </form>
  )
}
