/** Renders a view again when a cell changes. */

import { useEffect, useState } from 'preact/hooks'
import type { ReadableCell } from '../cell.ts'

export function useCell<T>(cell: ReadableCell<T>): T {
  const [, render] = useState<object>()
  const shown = cell.get()
  useEffect(() => {
    const unsubscribe = cell.subscribe(() => render({}))
    if (!Object.is(shown, cell.get())) render({}) // it changed after it was painted, before this ran
    return unsubscribe
  }, [cell])
  return shown
}
