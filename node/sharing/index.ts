/** Sharing of files: shares, their receivers, drop boxes, and offers to contacts. Loaded for a peer that shares. */

import type { PeopleService } from '../people/people.ts'
import type { PeerSharing } from './offer-types.ts'
import { createSharing, type SharesService, type SharingContext } from './sharing.ts'

export { dropRefusalOf } from './boxes/refusal.ts'
export { type SafePath, safePath } from './format/safe-path.ts'
export { SHARING_LIMITS } from './sharing.ts'

export type SharingService = PeerSharing & Pick<SharesService, 'start' | 'stop'>

/**
 * @param people of a peer that has some: it may offer files to them
 * @throws {MayflyError} ERR_NOT_STORED; ERR_BAD_FRAME: a record of the account is damaged
 */
export async function openSharing(context: SharingContext, people: PeopleService | undefined): Promise<SharingService> {
  const shares = createSharing(context)
  if (people === undefined) return { ...shares, offers: undefined }
  const { createOffers } = await import('./offers/offers.ts')
  const { now, monotonic } = context.clock
  const offers = await createOffers({ people, store: people.store, openSharing: async () => shares, now, monotonic })
  return {
    ...shares,
    offers,
    async start() {
      await shares.start()
      offers.start()
    },
    async stop() {
      offers.stop()
      await shares.stop()
    },
  }
}
