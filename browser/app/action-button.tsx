/** A button that acts at once, and not again while it still acts. The button of a form is its own: it submits. */

import type { ButtonHTMLAttributes, TargetedMouseEvent } from 'preact'
import { useRef } from 'preact/hooks'

interface ActionButtonProps extends Omit<ButtonHTMLAttributes, 'onClick'> {
  text: string
  /** Pressing it does nothing until this has resolved. */
  onClick?(event: TargetedMouseEvent<HTMLButtonElement>): unknown
}

export function ActionButton({ text, onClick, ...attributes }: ActionButtonProps) {
  const isActing = useRef(false)
  const act = async (event: TargetedMouseEvent<HTMLButtonElement>) => {
    if (isActing.current) return
    isActing.current = true
    try {
      await onClick?.(event)
    } finally {
      isActing.current = false
    }
  }
  return (
    <button type="button" class="quiet" onClick={act} {...attributes}>
      {text}
    </button>
  )
}
