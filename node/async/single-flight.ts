/** Callers that want the same work at the same time share it: it is done once, and goes on for as long as one of them waits for it. */

import type { AbortOptions } from '../types.ts'
import { raceAbort } from './abort.ts'

interface Flight<T> {
  result: Promise<T>
  waiting: number
  controller: AbortController
}

export function createSingleFlight<K, T>() {
  /** Bounded by the callers: each flight has at least one. */
  const flights = new Map<K, Flight<T>>()

  function begin(key: K, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController()
    const flight: Flight<T> = { result: work(controller.signal), waiting: 0, controller }
    flights.set(key, flight)
    const end = () => {
      if (flights.get(key) === flight) flights.delete(key)
    }
    flight.result.then(end, end)
    return flight
  }

  return {
    /**
     * Joins the work under way for this key, or begins it.
     *
     * @param work its signal is aborted when the last waiting caller has left; only the first caller's work is done
     * @throws what the work throws
     * @throws signal.reason, when aborted: this caller has left then
     */
    async run(key: K, work: (signal: AbortSignal) => Promise<T>, { signal }: AbortOptions = {}): Promise<T> {
      signal?.throwIfAborted()
      const flight = flights.get(key) ?? begin(key, work)
      flight.waiting++
      try {
        return await raceAbort(flight.result, signal)
      } finally {
        flight.waiting--
        if (flight.waiting === 0 && flights.get(key) === flight) {
          // A caller that comes now must not join work that ends.
          flights.delete(key)
          flight.controller.abort(signal?.reason)
        }
      }
    },
    /** True while work is under way for this key. */
    has: (key: K) => flights.has(key),
    /** How many are under way. */
    get size() {
      return flights.size
    },
    /** Aborts all that is under way. */
    stop(reason: unknown) {
      const all = [...flights.values()]
      flights.clear()
      for (const { controller } of all) controller.abort(reason)
    },
  }
}
