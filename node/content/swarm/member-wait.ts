/** Pieces that wait for a member: each is tried again after each change of the members, in the order in which they came. */

import { abortable } from '../../async/abort.ts'
import type { Member } from './members.ts'

/**
 * @param choose counts the request as in flight; undefined while the piece has to wait
 * @param lateMs after so long a piece is tried with `isLate`
 */
export function createMemberWait(
  choose: (index: number, except: ReadonlySet<Member>, isLate: boolean) => Member | undefined,
  lateMs: number,
) {
  /** Bounded by what readers fetch ahead. */
  const waiting = new Set<() => void>()

  function wait(index: number, except: ReadonlySet<Member>, signal: AbortSignal): Promise<Member> {
    return abortable(signal, (resolve, reject) => {
      let isLate = false
      const end = () => {
        waiting.delete(tryAgain)
        clearTimeout(timer)
      }
      const tryAgain = () => {
        try {
          const member = choose(index, except, isLate)
          if (member === undefined) return
          resolve(member)
        } catch (error) {
          reject(error)
        }
        end()
      }
      waiting.add(tryAgain)
      const timer = setTimeout(() => {
        isLate = true
        tryAgain()
      }, lateMs)
      return end
    })
  }

  return {
    tryAll(): void {
      for (const tryAgain of waiting) tryAgain()
    },
    /**
     * A member at once, where one is free.
     *
     * @throws what `choose` throws
     * @throws signal.reason, when aborted
     */
    select(index: number, except: ReadonlySet<Member>, signal: AbortSignal): Member | Promise<Member> {
      signal.throwIfAborted()
      return choose(index, except, false) ?? wait(index, except, signal)
    },
  }
}
