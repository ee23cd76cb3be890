/** The choice of whose messages an end accepts. */

import type { EndPolicy } from '../../messages/end-settings.ts'

const CHOICES: readonly (readonly [EndPolicy, string])[] = [
  ['open', 'from everybody'],
  ['known', 'from people I named'],
  ['muted', 'from nobody'],
]

export function PolicyChoice({ label, policy, onChoose }: { label: string; policy: EndPolicy; onChoose(policy: EndPolicy): void }) {
  return (
    <select aria-label={label} value={policy} data-testid="policy" onChange={(event) => onChoose(event.currentTarget.value as EndPolicy)}>
      {CHOICES.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  )
}
