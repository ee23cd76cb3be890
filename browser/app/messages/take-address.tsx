/** Takes this browser's address to another browser, or that of another browser here, by the text of its secret. */

import { useState } from 'preact/hooks'
import { saveContent } from '../../content/save-content.ts'
import type { Mailbox } from '../../messages/mailbox.ts'
import { shortHash } from '../../text/short-text.ts'
import { addressProblemSentence } from '../../words/message-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { CopyButton } from '../copy-button.tsx'
import { Problem } from '../problem.tsx'
import { QrImage } from '../qr-image.tsx'

type Props = { mailbox: Mailbox }

export function TakeAddress({ mailbox }: Props) {
  return (
    <details class="take-address" data-testid="take-address">
      <summary>Use one address in several browsers</summary>
      <p class="hint">
        An address goes with its secret. Every browser that has the secret receives what comes while it is open, and can write in your name.
        A message that had to wait goes to the browser that opens first. Messages that are here stay only here.
      </p>
      <GiveSecret mailbox={mailbox} />
      <BringSecret mailbox={mailbox} />
    </details>
  )
}

function GiveSecret({ mailbox: { address, hashname } }: Props) {
  const [secret, setSecret] = useState<string>()
  const [problem, setProblem] = useState<string>()
  if (secret === undefined)
    return <ActionButton text="Show the secret" data-testid="show-secret" onClick={async () => setSecret(await address.text())} />
  const save = () =>
    saveContent(
      { name: `mayfly-address-${hashname.slice(0, 8)}.txt`, size: secret.length, read: () => oneChunk(secret) },
      new AbortController().signal,
    ).catch(() => setProblem('The file could not be saved. Copy the secret instead.'))
  return (
    <>
      <p class="notice">Keep it to yourself: whoever has it can read your messages, and write in your name. It cannot be changed.</p>
      <code data-testid="address-secret">{secret}</code>
      <div class="actions">
        <CopyButton text={secret} label="Copy the secret" shown="Copy the secret" />
        <ActionButton text="Save it as a file" onClick={save} />
        <ActionButton text="Hide it" onClick={() => setSecret(undefined)} />
      </div>
      <Problem text={problem} />
      <QrImage text={secret} alt="QR code of the secret" />
    </>
  )
}

function BringSecret({ mailbox: { address, hashname } }: Props) {
  const [typed, setTyped] = useState('')
  const [problem, setProblem] = useState<string>()
  const [other, setOther] = useState<{ hashname: string; adopt(): Promise<void> }>()
  const change = (text: string) => {
    setTyped(text)
    setProblem(undefined)
    setOther(undefined)
  }
  const read = async (event: Event) => {
    event.preventDefault()
    const found = await address.read(typed)
    if (typeof found === 'string') setProblem(addressProblemSentence(found))
    else setOther(found)
  }
  const adopt = () => other?.adopt().catch(() => setProblem('This browser could not store the secret. Its address is still the one above.'))
  return (
    <form class="bring-secret" onSubmit={read}>
      <label for="other-secret">The secret of an address from another browser</label>
      <div class="add-row">
        <input
          id="other-secret"
          data-testid="other-secret"
          placeholder="mayfly-address-…"
          value={typed}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          required
          onInput={(event) => change(event.currentTarget.value)}
        />
        <button type="submit" class="quiet" data-testid="read-secret">
          Use it here
        </button>
      </div>
      <Problem text={problem} testid="secret-problem" />
      {other && (
        <div class="notice" role="alert">
          <p>
            This browser will receive at <code>{shortHash(other.hashname)}</code>, and no more at its present address{' '}
            <code>{shortHash(hashname)}</code>. If somebody has the present one, show and save its secret first: it cannot be brought back
            without.
          </p>
          <ActionButton text={`Change to ${shortHash(other.hashname)}`} data-testid="adopt" onClick={adopt} />
        </div>
      )}
    </form>
  )
}

async function* oneChunk(text: string) {
  yield new TextEncoder().encode(text)
}
