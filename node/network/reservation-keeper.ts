/**
 * Keeps a tab's reservation at its home while something needs it: without one no other tab can connect directly. libp2p
 * does not renew it when the home changes, restarts or has lost it.
 */

import type { PeerId } from '@libp2p/interface'

/** The part of the relay transport's own store that is used. It renews a reservation before it runs out, and drops it with its connection. */
export interface Reservations {
  addRelay(peer: PeerId, type: 'configured'): Promise<unknown>
  hasReservation(peer: PeerId): boolean
  cancelReservations(): void
}

export const RESERVATION_KEEPER_DEFAULTS = {
  /** Between two looks at the reservation, in ms; a new home is noticed at once. */
  lookMs: 2_000,
  /** How long to wait after a refusal, in ms. */
  retryMs: 5_000,
}

export type ReservationKeeperOptions = Partial<typeof RESERVATION_KEEPER_DEFAULTS>

export type ReservationKeeper = ReturnType<typeof createReservationKeeper>

/** @param reservations none before libp2p is there */
export function createReservationKeeper(
  reservations: () => Reservations | undefined,
  currentHome: () => PeerId | undefined,
  options: ReservationKeeperOptions = {},
) {
  const { lookMs, retryMs } = { ...RESERVATION_KEEPER_DEFAULTS, ...options }
  let needs = 0
  let stopped = false
  let timer: ReturnType<typeof setInterval> | undefined
  let busy = false
  /** The home that refused last, and until when it is not asked again. */
  let refused: { home: string; untilMs: number } | undefined

  function look(): void {
    const home = currentHome()
    const store = reservations()
    if (stopped || needs === 0 || busy || home === undefined || store === undefined || store.hasReservation(home)) return
    const id = home.toString()
    if (refused?.home === id && performance.now() < refused.untilMs) return
    busy = true
    store
      .addRelay(home, 'configured')
      .then(
        () => {
          refused = undefined
        },
        () => {
          refused = { home: id, untilMs: performance.now() + retryMs }
        },
      )
      .finally(() => {
        busy = false
        if (!currentHome()?.equals(home)) look() // it has changed meanwhile
      })
  }

  return {
    get isNeeded() {
      return needs > 0
    },
    /** Asks for a reservation from now on. Returns the function that ends this need; it may be called twice. */
    need(): () => void {
      needs++
      timer ??= setInterval(look, lookMs)
      look()
      let ended = false
      return () => {
        if (ended) return
        ended = true
        if (--needs > 0) return
        clearInterval(timer)
        timer = undefined
        reservations()?.cancelReservations()
      }
    },
    /** The home is another one, or there is none. */
    look() {
      refused = undefined // a new home has not refused yet
      look()
    },
    stop() {
      stopped = true
      clearInterval(timer)
      timer = undefined
      reservations()?.cancelReservations()
    },
  }
}
