/** The value of a cell; renders the view again when it changes. */

import { useEffect, useState } from 'preact/hooks'
import type { ReadableCell } from '../cell.ts'

export function useCell<T>(cell: ReadableCell<T>): T {
  const [, render] = useState<object>()
  const shown = cell.get()
  useEffect(() => {
    const unsubscribe = cell.subscribe(() => render({}))
    if (!Object.is(shown, cell.get())) render({}) // it changed between the render and this effect
    return unsubscribe
  }, [cell])
  return shown
}
