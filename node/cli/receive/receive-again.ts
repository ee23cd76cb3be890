/** Receives what somebody sends again and again, while what has failed may mend itself, as a full disk does: what has come stays. */

import { createBackoff } from '../../async/backoff.ts'
import { delay } from '../../async/delay.ts'
import type { CommandContext } from '../command-context.ts'
import { forOwner } from './submission-saver.ts'

const AGAIN = { firstMs: 2_000, maxMs: 60_000 } as const

interface ReceiveAgainOptions extends Pick<CommandContext, 'output' | 'signal'> {
  /** One attempt. It goes on where the one before has stopped. */
  receive(): Promise<void>
  /** True when another attempt brings nothing more. */
  isOver(): boolean
}

/**
 * Each problem is said, once for as long as it is the same.
 *
 * @returns false when it is over, and not all of it is here
 * @throws signal.reason, when aborted
 */
export async function receiveAgain({ output, signal, receive, isOver }: ReceiveAgainOptions): Promise<boolean> {
  const backoff = createBackoff(AGAIN, Math.random)
  let told = ''
  while (true) {
    try {
      await receive()
      return true
    } catch (error) {
      signal.throwIfAborted()
      const problem = forOwner(error)
      const words = String(problem)
      if (words !== told) output.problem(problem)
      if (isOver()) return false
      if (told === '') output.remark('What has come stays, and it is tried again by itself')
      told = words
      await delay(backoff.next(), { signal })
    }
  }
}
