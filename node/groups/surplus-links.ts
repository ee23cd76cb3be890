/** Links to a group beyond the delegates that are needed: closed where both ends can do without, mostly the newest, never a mate's. */

import type { GroupContext } from './context.ts'
import type { Links } from './links.ts'
import type { Server } from './place.ts'
import type { Questions } from './questions.ts'

/** Looks at one link, and how far apart, in ms: what is moved from it has a receipt by then. */
const MAX_TRIES = 3
const AGAIN_MS = 1_500
/** The part of the looks that begin with any link, from 0 to 1. */
const OLDER_PART = 0.5

export interface SurplusParts<S extends Server> {
  links: Links<S>
  questions: Questions<S>
  /** False when something stands at the server for this one, or the other way round; what can be moved is moved. */
  letGo(server: S): boolean
  close(server: S): void
}

export function createSurplusLinks<S extends Server>(
  { timers, random, reportOf }: Pick<GroupContext<S>, 'timers' | 'random' | 'reportOf'>,
  { links, questions, letGo, close }: SurplusParts<S>,
  delegates: number,
) {
  let spare: S | undefined
  const isSurplus = (server: S) => links.has(server) && links.groupAt(server.place).length > delegates && !links.isMate(server)

  function closeOne(server: S, tries: number): void {
    if (reportOf(server).bits < 0 || !isSurplus(server)) return
    const again = () => {
      if (tries > 1) timers.after(AGAIN_MS, () => closeOne(server, tries - 1))
    }
    if (!letGo(server)) return void again()
    questions.ask(server, { type: 'spare' }, (answer) => {
      if (answer?.type === 'spare' && answer.isSpare && isSurplus(server) && letGo(server)) close(server)
      else again()
    })
  }

  /** Two servers that have many links may have each other as their oldest, and nothing but servers that need them as the newer ones. */
  function choose(linked: readonly S[]): S[] {
    const at = random() < OLDER_PART ? Math.floor(random() * linked.length) : delegates
    return [...linked.slice(at), ...linked.slice(0, at)].slice(0, Math.max(0, linked.length - delegates)).reverse()
  }

  function chooseAll(linked: readonly S[]): S[] {
    const first = linked.length > delegates ? linked.find((server) => server === spare) : undefined
    return first === undefined ? choose(linked) : [first, ...choose(linked.filter((server) => server !== first))]
  }

  function trim(): void {
    for (let group = 0; group < links.groupCount; group++) {
      if (group !== links.ownGroup) for (const server of chooseAll(links.group(group))) closeOne(server, MAX_TRIES)
    }
  }

  return {
    trim,
    /** The same; from now on this link is closed before others of its group. */
    trimFrom(server: S | undefined) {
      spare = server
      trim()
    },
    /** May the asker close the link? */
    isSpare: (from: S) => isSurplus(from) && letGo(from),
  }
}
