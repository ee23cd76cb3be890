/** A text that somebody shares: to be read and copied. Its addresses open another tab, which learns nothing of this one. */

import { harmlessText } from '../../text/harmless-text.ts'
import { CopyButton } from '../copy-button.tsx'

const ADDRESS = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/g

export function EntryText({ text }: { text: string }) {
  return (
    <div class="entry-text">
      <pre data-testid="entry-text">{withLinks(harmlessText(text))}</pre>
      <CopyButton text={text} label="Copy the text" />
    </div>
  )
}

function withLinks(text: string) {
  const parts: (string | preact.JSX.Element)[] = []
  let at = 0
  for (const { 0: address, index } of text.matchAll(ADDRESS)) {
    parts.push(
      text.slice(at, index),
      <a href={address} target="_blank" rel="noopener noreferrer nofollow">
        {address}
      </a>,
    )
    at = index + address.length
  }
  return [...parts, text.slice(at)]
}
