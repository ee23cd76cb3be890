/** People who pair in memory: accounts with real keys and statements, sessions and presence of tests, stores that outlive a restart. */

import { openContactsBook } from '../../node/people/account/contacts.ts'
import { adoptAccount, openAccount } from '../../node/people/account/open-account.ts'
import { openCertificate } from '../../node/people/format/certificate.ts'
import { createPairing } from '../../node/people/pairing/pairing.ts'
import type { Identity } from '../../node/people/way/types.ts'
import { createMemoryRecords, type MemoryRecords } from './memory-records.ts'
import { createMemoryRendezvous } from './memory-rendezvous.ts'
import { createSessionNetwork } from './session-network.ts'

export type PairingPerson = Awaited<ReturnType<ReturnType<typeof createPairingWorld>['join']>>

export function createPairingWorld() {
  const network = createSessionNetwork()
  const presence = createMemoryRendezvous()
  const clock = { aheadMs: 0 }
  const now = () => Date.now() + clock.aheadMs

  /** The account of a place, as it is kept there. */
  const openPlace = async (store: MemoryRecords = createMemoryRecords()) => ({ store, own: await openAccount(store, { kind: 'kept' }) })
  type TestPlace = Awaited<ReturnType<typeof openPlace>>

  return {
    presence,
    /** Time passes, for tokens. */
    clock,
    openPlace,
    /** An instance of an account: a new one unless given, as after a restart or in another tab. */
    async join(peer: string, given?: TestPlace) {
      const place = given ?? (await openPlace())
      const { store, own } = place
      const proof = await own.identityFor(peer)
      const { account, place: placeKey, role, serial } = openCertificate(proof.certificate)
      const identity: Identity = { account, place: placeKey, peer, role, serial, expiresAtMs: Number.MAX_SAFE_INTEGER, ...proof }
      /** Where the account of another place would be kept here. */
      const vacant = createMemoryRecords()
      const book = await openContactsBook({ store, now })
      const sessions = network.join(identity)
      const pairing = await createPairing({
        store,
        book,
        sessions,
        rendezvous: presence.join(peer),
        now,
        settings: { codeWorkBits: 4, lookMs: 300 },
        account: {
          end: () => ({ peer, account: identity.account, place: identity.place }),
          isOwner: () => own.isOwner,
          signTrust: own.signTrust,
          grantPlace: own.grantPlace,
          placeToAdopt: () => vacant.place.publicKey,
          adopt: (grant) => adoptAccount(vacant, grant),
        },
      })
      await pairing.start()
      return {
        ...pairing,
        pairing,
        book,
        identity,
        sessions,
        place,
        vacant,
        /** As when its process is killed: nothing is said, and only the store stays. */
        kill() {
          sessions.leave()
          presence.leave(peer)
        },
      }
    },
  }
}
