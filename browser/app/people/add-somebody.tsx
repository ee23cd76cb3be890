/** Makes a link, its QR code, and a code to be said aloud, by which somebody becomes a contact or a place joins the account. */

import { useEffect, useRef, useState } from 'preact/hooks'
import type { Paired, Token } from '../../../node/index.ts'
import type { TabPeople } from '../../people/tab-people.ts'
import type { Tab } from '../../tab.ts'
import { type AddKind, addLinkOf } from '../../visit/add-link.ts'
import { addProblemSentence } from '../../words/people-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { LinkRow } from '../link-row.tsx'
import { Problem } from '../problem.tsx'
import { useCell } from '../use-cell.ts'
import { ComparedWords } from './compared-words.tsx'

export function AddSomebody({ tab, people }: { tab: Tab; people: TabPeople }) {
  const [alias, setAlias] = useState('')
  const [problem, setProblem] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const tokens = useCell(people.tokens)
  const title = useRef<HTMLHeadingElement>(null)
  const dismiss = (token: Token) => {
    people.dismiss(token)
    title.current?.focus() // the button goes
  }
  const request = async (kind: AddKind) => {
    setBusy(true)
    setProblem(undefined)
    try {
      await people.people.contacts.requestToken(alias, { kind, role: 'owner' })
      setAlias('')
    } catch (error) {
      setProblem(addProblemSentence(error))
    }
    setBusy(false)
    people.refresh()
  }
  const onSubmit = (event: Event) => {
    event.preventDefault()
    if (!isBusy) void request('contact')
  }
  return (
    <>
      <form class="add" onSubmit={onSubmit} aria-label="Add somebody">
        <h2 tabIndex={-1} ref={title}>
          Add somebody
        </h2>
        <label>
          Your name for this person, or for your other browser
          <input
            value={alias}
            onInput={(event) => setAlias(event.currentTarget.value)}
            required
            maxLength={64}
            autocomplete="off"
            data-testid="add-alias"
          />
        </label>
        <button type="submit" aria-disabled={isBusy} data-testid="add-contact">
          Make a link and a code
        </button>
        {people.people.account.isOwner && (
          <ActionButton
            text="Add a place of mine"
            disabled={isBusy || alias.trim() === ''}
            onClick={() => request('device')}
            data-testid="add-place"
          />
        )}
        <Problem text={problem} testid="add-problem" />
      </form>
      {tokens.map((token) => (
        <GivenToken key={token.token} tab={tab} token={token} onDismiss={() => dismiss(token)} />
      ))}
    </>
  )
}

function GivenToken({ tab, token, onDismiss }: { tab: Tab; token: Token; onDismiss(): void }) {
  const connection = useCell(tab.session.connection)
  const [outcome, setOutcome] = useState<Paired>()
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    token.claimed.then(setOutcome, (error: unknown) => setProblem(addProblemSentence(error)))
  }, [token])
  if (outcome || problem)
    return (
      <div class="token">
        {outcome && <ComparedWords words={outcome.words} />}
        <Problem text={problem} />
        <ActionButton text="Close" onClick={onDismiss} />
      </div>
    )
  const gateway = connection.state === 'joined' ? connection.forOthers : window.location.origin
  const link = addLinkOf(gateway, token)
  return (
    <div class="token" data-testid="token">
      <p>
        {token.kind === 'device'
          ? 'In your other browser, open this link or enter the code.'
          : 'Send this link, show the code, or say the words.'}{' '}
        It works once, until {new Date(token.expiresAtMs).toLocaleTimeString([], { timeStyle: 'short' })}, while this tab is open.
      </p>
      <p>
        <output data-testid="code">{token.code}</output>
      </p>
      <LinkRow link={link} title="Add me on mayfly" label="Link to add you" name={`add-link-${token.code}`} hasQr />
      <ActionButton
        text="Take it back"
        onClick={() => {
          void token.cancel()
          onDismiss()
        }}
        data-testid="cancel-token"
      />
    </div>
  )
}
