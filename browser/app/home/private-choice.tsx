/** The choice of a private link, with an explanation. */

export interface PrivateChoiceProps {
  checked: boolean
  disabled: boolean
  onChoice(isPrivate: boolean): void
}

export function PrivateChoice({ checked, disabled, onChoice }: PrivateChoiceProps) {
  // Browsers encrypt only in pages from https or from this machine.
  const canEncrypt = globalThis.isSecureContext
  return (
    <p class="private-choice">
      <label>
        <input
          type="checkbox"
          data-testid="private"
          checked={checked}
          disabled={disabled || !canEncrypt}
          aria-describedby="private-means"
          onChange={(event) => onChoice(event.currentTarget.checked)}
        />
        Private link
      </label>
      <span id="private-means" class="hint">
        {canEncrypt
          ? 'This tab encrypts the page, and the link has the key: only people with the whole link can read it. The gateway cannot.'
          : 'Your browser encrypts only in pages that come by https or from your own machine. Open such a gateway to make a private link.'}
      </span>
    </p>
  )
}
