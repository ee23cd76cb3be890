/**
 * Visits to shares that are about to come. A browser that has asked for the document of a link opens its websocket a moment later: meanwhile the sharer
 * is found, and says its key. To the sharer that is a visitor who has said nothing yet, which counts nowhere.
 */

import { createTimeout, onAbort } from '../../node/async/abort.ts'
import { createQuota } from '../../node/async/quota.ts'
import type { ClientAddress, VisitListener, VisitPipe } from '../../node/index.ts'

export const EXPECTED_LIMITS = {
  /** Visits that are expected at once, in all and of one address, from which this machine is exempt: one for each share. */
  maxVisits: 32,
  maxVisitsPerAddress: 4,
  /** How long one is expected, in ms: a sharer waits 10 s for what its visitor says first, and the rest is the page's. */
  keepMs: 3_000,
} as const

/** Messages of a sharer to a visitor who has said nothing: its key alone. */
const MAX_EARLY = 1

export interface ExpectedVisit {
  /** The listener hears what has come, and all that comes. @throws what opening it threw */
  handTo(listener: VisitListener): Promise<VisitPipe>
  /** Closes it, also when it opens later. */
  leave(): void
}

type Client = Pick<ClientAddress, 'isLocal' | 'group'>

/** @param closing aborted when the gateway closes */
export function createExpectedVisits(closing: AbortSignal) {
  /** By the id of the share. Bounded: maxVisits. */
  const expected = new Map<string, ExpectedVisit>()
  const places = createQuota({ max: EXPECTED_LIMITS.maxVisits, maxPerKey: EXPECTED_LIMITS.maxVisitsPerAddress })
  onAbort(closing, () => {
    for (const visit of [...expected.values()]) visit.leave()
  })

  return {
    get size() {
      return expected.size
    },
    /**
     * @param client its address: a proxy on this machine that is not trusted speaks for many
     * @param open finds the sharer, until the signal is aborted
     */
    add(id: string, { isLocal, group }: Client, open: (listener: VisitListener, signal: AbortSignal) => Promise<VisitPipe>): void {
      if (closing.aborted || expected.has(id)) return
      const leave = places.enter(isLocal ? id : group)
      if (typeof leave !== 'function') return
      const visit = openExpected(open, () => {
        leave()
        if (expected.get(id) === visit) expected.delete(id)
      })
      expected.set(id, visit)
    },
    /** The one that is expected for the share. It is the caller's from now on. */
    take(id: string): ExpectedVisit | undefined {
      const visit = expected.get(id)
      expected.delete(id)
      return visit
    },
  }
}

/** @param onOver called when it is handed over, or of no use to a visitor any more */
function openExpected(open: (listener: VisitListener, signal: AbortSignal) => Promise<VisitPipe>, onOver: () => void): ExpectedVisit {
  const over = new AbortController()
  const late = createTimeout(EXPECTED_LIMITS.keepMs)
  const early: Uint8Array[] = []
  let visitor: VisitListener | undefined

  function leave(): void {
    late.end()
    over.abort()
    pipe.then(
      ({ close }) => close(),
      () => {}, // it has not opened
    )
    onOver()
  }

  const listener: VisitListener = {
    onMessage(message) {
      if (visitor !== undefined) visitor.onMessage(message)
      else if (early.push(message.slice()) > MAX_EARLY) leave()
    },
    onEnd(reason) {
      if (visitor === undefined) leave()
      else visitor.onEnd(reason)
    },
  }
  const pipe = Promise.resolve().then(() => open(listener, over.signal))
  pipe.catch(leave)
  onAbort(late.signal, leave)
  return {
    leave,
    handTo(next) {
      late.end()
      onOver()
      visitor = next
      for (const message of early.splice(0)) next.onMessage(message)
      return pipe
    },
  }
}
