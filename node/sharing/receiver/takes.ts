/** The entries that this receiver takes: each `take` waits for the sharer's answer, and for what opens its entries. */

import { raceAbort } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import { type Chosen, chosenOf, isChosen, joinChosen } from '../format/chosen.ts'
import type { ListedEntry } from '../format/share-entry.ts'

interface Take {
  entries: Chosen
  isAnswered: boolean
  settled: PromiseWithResolvers<void>
}

export function createTakes() {
  const waiting = new Set<Take>()
  /** All that was to be taken here: said again where the sharer is met anew. */
  let wanted: Chosen | undefined
  let hasTaken = false

  return {
    get wanted() {
      return wanted
    },
    get hasTaken() {
      return hasTaken
    },
    /** @param send says all that is wanted now to the sharer */
    async take(ids: readonly number[] | undefined, send: (wanted: Chosen) => void, signal: AbortSignal | undefined): Promise<void> {
      const take: Take = { entries: chosenOf(ids), isAnswered: false, settled: Promise.withResolvers() }
      waiting.add(take)
      wanted = joinChosen(wanted, take.entries)
      send(wanted)
      try {
        await raceAbort(take.settled.promise, signal)
      } finally {
        waiting.delete(take)
      }
    },
    /** @param given undefined: what was wanted */
    answered(given: Chosen | undefined): void {
      wanted = joinChosen(wanted, given ?? wanted ?? 'all')
      hasTaken = true
      for (const take of waiting) take.isAnswered = true
    },
    /** The answer and the list come in either order. */
    settle(entries: readonly ListedEntry[]): void {
      const closed = entries.filter((entry) => !isOpenable(entry))
      for (const take of waiting) if (take.isAnswered && !closed.some(({ id }) => isChosen(take.entries, id))) take.settled.resolve()
    },
    reject(error: MayflyError): void {
      for (const { settled } of waiting) settled.reject(error)
    },
    /** @throws {MayflyError} when nothing of it can be fetched now */
    mustFind(id: number, entries: readonly ListedEntry[]): ListedEntry & { hash: string } {
      const entry = entries.find((each) => each.id === id)
      if (entry === undefined) throw new MayflyError('ERR_UNAVAILABLE', `The share has no entry ${id} any more`)
      if (!hasTaken || !isChosen(wanted, id)) throw new MayflyError('ERR_REFUSED', 'Take it first: nothing is fetched before')
      if (entry.hash === undefined || entry.state !== 'ready')
        throw new MayflyError(
          'ERR_UNAVAILABLE',
          entry.state === 'failed' ? 'Its sharer cannot read it any more' : 'Its sharer is still reading it',
        )
      if (!isOpenable(entry)) throw new MayflyError('ERR_UNAVAILABLE', 'Its sharer has not given the key yet')
      return { ...entry, hash: entry.hash }
    },
  }
}

/** False: the sharer has not given yet what opens it. */
const isOpenable = ({ kind, text, state, linkKey, travelSize, size }: ListedEntry) =>
  kind === 'text' ? text !== undefined : state !== 'ready' || linkKey !== undefined || travelSize === size

/** Keys and texts stay known, also while a sharer that came back has not been told what was taken. */
export function keepKeys(listed: readonly ListedEntry[], before: readonly ListedEntry[]): ListedEntry[] {
  const known = new Map(before.map((entry) => [entry.id, entry]))
  return listed.map((entry) => {
    const { hash, linkKey, text } = known.get(entry.id) ?? {}
    if (entry.kind === 'text') return { ...entry, text: entry.text ?? text }
    return entry.hash === hash ? { ...entry, linkKey: entry.linkKey ?? linkKey } : entry
  })
}
