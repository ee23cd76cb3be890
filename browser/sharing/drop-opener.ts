/** The visits of this tab to drop boxes of others: each goes on while other pages of the app are on screen. Their code is loaded with their page. */

import type { Sharing } from '../../node/index.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import type { DropVisit } from './drop-visit.ts'

interface DropOpenerParts {
  session: PeerSession
  sharing(): Promise<Sharing>
  window: Window
}

export class DropOpener {
  readonly #parts: DropOpenerParts
  /** By link. Bounded by what is being sent, and the page on screen. */
  readonly #visits = new Map<string, DropVisit>()

  constructor(parts: DropOpenerParts) {
    this.#parts = parts
  }

  /** @throws what prevented its code from being loaded */
  async open(link: string): Promise<DropVisit> {
    const { openDropVisit } = await import('./drop-visit.ts')
    const before = this.#visits.get(link)
    if (before !== undefined) return before
    const { session, sharing, window } = this.#parts
    const visit = openDropVisit({ link, sharing, library: () => session.library(), window })
    this.#visits.set(link, visit)
    return visit
  }

  /** Its page is left: it ends, unless something is being sent. */
  leave(link: string): void {
    const visit = this.#visits.get(link)
    if (visit === undefined || visit.isNeeded) return
    this.#visits.delete(link)
    visit.close()
  }
}
