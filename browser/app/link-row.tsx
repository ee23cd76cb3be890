/** A link, and the ways to pass it on: copy it, scan it, or the share sheet of a phone. */

import { useState } from 'preact/hooks'
import { ActionButton } from './action-button.tsx'
import { CopyButton } from './copy-button.tsx'
import { QrImage } from './qr-image.tsx'

interface LinkRowProps {
  link: string
  /** For the share sheet. */
  title: string
  /** For screen readers. */
  label?: string
  /** The QR code is shown at once. */
  hasQr?: boolean
  /** Of the field: no two on one page. */
  name?: string
}

export function LinkRow({ link, title, label = 'Link to this page', hasQr = false, name = 'page-link' }: LinkRowProps) {
  const [isScannable, setScannable] = useState(hasQr)
  return (
    <>
      <div class="link-row">
        <label class="visually-hidden" for={name}>
          {label}
        </label>
        <input id={name} data-testid="page-link" readonly value={link} onFocus={(event) => event.currentTarget.select()} />
        <CopyButton text={link} label="Copy the link" />
        <ActionButton
          text="QR code"
          aria-label={isScannable ? 'Hide the QR code of the link' : 'Show a QR code of the link'}
          aria-expanded={isScannable}
          onClick={() => setScannable(!isScannable)}
          data-testid="show-qr"
        />
        {canShare() && (
          <ActionButton text="Share" aria-label="Share the link" onClick={() => share(link, title)} data-testid="share-link" />
        )}
      </div>
      {isScannable && <QrImage text={link} alt={`QR code of ${link}`} />}
    </>
  )
}

/** Most phones have a share sheet, and few desktops; none for a page that comes by plain http. */
function canShare(): boolean {
  return typeof navigator.share === 'function'
}

async function share(url: string, title: string): Promise<void> {
  try {
    await navigator.share({ url, title })
  } catch {
    // The person closed the sheet. It reports its other failures itself.
  }
}
