/** This browser's address, as text, as a link and as a QR code. */

import { useState } from 'preact/hooks'
import type { Mailbox } from '../../messages/mailbox.ts'
import { pathOf } from '../../visit/route.ts'
import { NO_ADDRESS } from '../../words/plain-http-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { CopyButton } from '../copy-button.tsx'
import { QrImage } from '../qr-image.tsx'
import { useCell } from '../use-cell.ts'
import { PolicyChoice } from './policy-choice.tsx'
import { TakeAddress } from './take-address.tsx'

export function MyAddress({ mailbox }: { mailbox: Mailbox }) {
  return (
    <section class="my-address" aria-labelledby="my-address-title">
      <h2 id="my-address-title">Your address</h2>
      {mailbox.canEncrypt ? (
        <Address mailbox={mailbox} />
      ) : (
        <p class="notice" data-testid="no-address">
          {NO_ADDRESS}
        </p>
      )}
    </section>
  )
}

function Address({ mailbox }: { mailbox: Mailbox }) {
  const { hashname } = mailbox
  const policy = useCell(mailbox.settings.policy)
  const [isShown, setShown] = useState(false)
  const link = new URL(pathOf({ view: 'messages', to: hashname }), location.href).href
  return (
    <>
      <div class="copy-row">
        <code data-testid="my-address">{hashname}</code>
        <CopyButton text={hashname} label="Copy your address" />
      </div>
      <p class="hint">Messages to it are encrypted: only a browser that has its secret can read them. This one has it.</p>
      <div class="policy-row">
        <span>Accept messages</span>
        <PolicyChoice
          label="Accept messages to your address"
          policy={policy}
          onChoose={(chosen) => void mailbox.settings.setPolicy(chosen)}
        />
      </div>
      <p class="hint">Whoever opens the link can write to you:</p>
      <div class="actions">
        <CopyButton text={link} label="Copy the link to write to you" shown="Copy the link" />
        <ActionButton
          text={isShown ? 'Hide the QR code' : 'Show a QR code'}
          aria-expanded={isShown}
          onClick={() => setShown(!isShown)}
          data-testid="show-qr"
        />
      </div>
      {isShown && <QrImage text={link} alt={`QR code of ${link}`} />}
      <TakeAddress key={hashname} mailbox={mailbox} />
    </>
  )
}
