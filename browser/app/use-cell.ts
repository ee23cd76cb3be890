/** Renders a view again when a cell changes. */

import { useEffect, useState } from 'preact/hooks'
import type { ReadableCell } from '../cell.ts'

export function useCell<T>(cell: ReadableCell<T>): T {
  const [, render] = useState<object>()
  useEffect(() => {
    const seen = cell.get()
    const unsubscribe = cell.subscribe(() => render({}))
    if (!Object.is(seen, cell.get())) render({})
    return unsubscribe
  }, [cell])
  return cell.get()
}
