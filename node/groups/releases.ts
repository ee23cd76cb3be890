/**
 * Releases of a home: told to each server that was asked to carry, since one that answered late carries, too. When none says that it has released,
 * other delegates are told, which tell the record nodes as well: a release is signed, so that anybody may bring it.
 */

import type { GroupContext, GroupSettings } from './context.ts'
import type { Links } from './links.ts'
import type { Statement } from './messages.ts'
import type { Place, Server } from './place.ts'

/** Other delegates that are told, one after the other. */
const MAX_MORE = 4

export interface ReleasesParts<S extends Server> {
  links: Links<S>
  /** This server's own. */
  carrier: { release(statement: Statement<S>): void }
  /** Delegates that cover the place, the best first. */
  covering(place: Place): S[]
}

export function createReleases<S extends Server>(
  { self, timers, send }: GroupContext<S>,
  { links, carrier, covering }: ReleasesParts<S>,
  { releaseMs }: Pick<GroupSettings, 'releaseMs'>,
) {
  /** By the statement's id, until a carrier has said so. Bounded: each ends by its own time. */
  const waiting = new Map<string, () => void>()

  return {
    /** @param given servers that may carry the statement */
    release(statement: Statement<S>, given: readonly S[]) {
      const asked = given.filter((server) => server === self || links.has(server))
      const tried = new Set(asked.map(({ id }) => id))
      for (const server of asked) {
        if (server === self) carrier.release(statement)
        else send(server, { type: 'release', statement })
      }
      if (tried.has(self.id) && asked.length === 1) return
      let more = MAX_MORE
      const again = () => {
        if (more-- === 0) return void waiting.delete(statement.id)
        const able = covering(statement.place)
        const next = able.find(({ id }) => !tried.has(id)) ?? able[0]
        if (next !== undefined) {
          tried.add(next.id)
          send(next, { type: 'release', statement })
        }
        waiting.set(statement.id, timers.after(releaseMs, again))
      }
      if (asked.length === 0) again()
      else waiting.set(statement.id, timers.after(releaseMs, again))
    },
    /** A carrier has told the record nodes. */
    onReleased(id: string) {
      waiting.get(id)?.()
      waiting.delete(id)
    },
    stop() {
      for (const end of waiting.values()) end()
    },
  }
}
