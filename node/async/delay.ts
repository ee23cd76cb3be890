/** A pause that can be aborted. In Node.js and in a tab alike. */

import type { AbortOptions } from '../types.ts'
import { abortable } from './abort.ts'
import { TIMERS, type Timers } from './timers.ts'

/**
 * Resolves after `ms`.
 *
 * @throws signal.reason, when aborted first
 */
export function delay(ms: number, { signal }: AbortOptions = {}, timers: Timers = TIMERS): Promise<void> {
  return abortable(signal, (resolve) => timers.after(ms, resolve))
}
