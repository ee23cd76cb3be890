/** Whether what is made gets a private link, and what that means. */

export interface PrivateChoiceProps {
  checked: boolean
  disabled: boolean
  onChoice(isPrivate: boolean): void
}

export function PrivateChoice({ checked, disabled, onChoice }: PrivateChoiceProps) {
  // Browsers encrypt for pages from https and from this machine only.
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
          ? 'It is encrypted in this tab, and the link carries the key: only who has the whole link can read it, not even the gateway.'
          : 'Your browser encrypts only in pages that come by https, or from your own machine: open such a gateway to make one.'}
      </span>
    </p>
  )
}
