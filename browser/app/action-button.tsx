/** A button that acts at once. The button of a form is its own: it submits. */

import type { ButtonHTMLAttributes } from 'preact'

export function ActionButton({ text, ...attributes }: { text: string } & ButtonHTMLAttributes) {
  return (
    <button type="button" class="quiet" {...attributes}>
      {text}
    </button>
  )
}
