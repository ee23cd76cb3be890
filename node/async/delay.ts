/** A pause that can be aborted. In Node.js and in a tab alike. */

import type { AbortOptions } from '../types.ts'
import { abortable } from './abort.ts'

/**
 * Resolves after `ms`.
 *
 * @throws signal.reason, when aborted first
 */
export function delay(ms: number, { signal }: AbortOptions = {}): Promise<void> {
  return abortable(signal, (resolve) => {
    const timer = setTimeout(resolve, ms)
    return () => clearTimeout(timer)
  })
}
