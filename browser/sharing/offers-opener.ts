/** Opens the offers of the account that is open in this tab, with code that is loaded then. */

import { Cell, type ReadableCell } from '../cell.ts'
import type { OffersAccount, TabOffers, TabOffersParts } from './tab-offers.ts'

export class OffersOpener {
  readonly offers = new Cell<TabOffers | undefined>(undefined)
  #account: OffersAccount | undefined

  constructor(account: ReadableCell<OffersAccount | undefined>, parts: TabOffersParts) {
    account.subscribe((opened) => {
      this.#account = opened
      this.offers.get()?.end()
      this.offers.set(undefined)
      if (opened === undefined) return
      import('./tab-offers.ts')
        .then(({ openTabOffers }) => openTabOffers(opened, parts))
        .then(
          (offers) => {
            if (this.#account === opened) this.offers.set(offers)
            else offers.end()
          },
          () => {}, // contacts who offer something hear that nobody takes files here
        )
    })
  }
}
