/** Offers for the tab, whose people and whose shares are two peers. A peer that has both has offers by itself. */

export { createOffers } from '../sharing/offers/offers.ts'
