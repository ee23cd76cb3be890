/** Dials of one server: a few at once, each server once. */

import type { GroupContext } from './context.ts'
import type { Links } from './links.ts'
import type { Server } from './place.ts'

/** Servers that wait to be dialled: more than the largest group and all delegates. */
const MAX_WAITING = 4_096

export type Dialer<S extends Server> = ReturnType<typeof createDialer<S>>

export function createDialer<S extends Server>({ self, dial }: Pick<GroupContext<S>, 'self' | 'dial'>, links: Links<S>, atOnce: number) {
  /** Waiting and under way, by peer id; called when the dial has ended. Bounded: MAX_WAITING. */
  const wanted = new Map<string, ((isOpen: boolean) => void) | undefined>()
  const waiting: S[] = []
  let underWay = 0
  let isStopped = false

  function next(): void {
    while (underWay < atOnce && !isStopped) {
      const server = waiting.shift()
      if (server === undefined) return
      if (links.has(server)) {
        settle(server, true)
        continue
      }
      underWay++
      dial(server)
    }
  }

  function settle(server: S, isOpen: boolean): void {
    const end = wanted.get(server.id)
    wanted.delete(server.id)
    end?.(isOpen)
  }

  return {
    /** Waiting and under way. */
    get size() {
      return wanted.size
    },
    isWanted: (server: S) => wanted.has(server.id),
    /** Dials unless it is linked or wanted already. @param end hears how the dial ended, unless another one is under way */
    want(server: S, end?: (isOpen: boolean) => void) {
      if (server === self || links.has(server)) return end?.(links.has(server))
      if (wanted.has(server.id) || wanted.size >= MAX_WAITING || isStopped) return end?.(false)
      wanted.set(server.id, end)
      waiting.push(server)
      next()
    },
    /** A dial has ended. */
    onEnd(server: S, isOpen: boolean) {
      underWay--
      settle(server, isOpen)
      next()
    },
    stop() {
      isStopped = true
      waiting.length = 0
      wanted.clear()
    },
  }
}
