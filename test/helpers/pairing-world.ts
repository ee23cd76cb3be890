/** People who pair in memory: accounts with real keys and statements, sessions and presence of tests, stores that outlive a restart. */

import { MayflyError } from '../../node/errors.ts'
import { openContactsBook } from '../../node/people/account/contacts.ts'
import { adoptAccount, openAccount } from '../../node/people/account/open-account.ts'
import { createIdentityVerifier } from '../../node/people/format/identity.ts'
import { createPairing } from '../../node/people/pairing/pairing.ts'
import { createMemoryRecords, type MemoryRecords } from './memory-records.ts'
import { createMemoryRendezvous, type MemoryRendezvous } from './memory-rendezvous.ts'
import { createWayNetwork } from './way-network.ts'

export type PairingPerson = Awaited<ReturnType<ReturnType<typeof createPairingWorld>['join']>>

export function createPairingWorld() {
  const network = createWayNetwork()
  const presence = createMemoryRendezvous()
  const clock = { aheadMs: 0 }
  const unjoined = new Set<string>()
  const now = () => Date.now() + clock.aheadMs

  /** The account of a place, as it is kept there. */
  const openPlace = async (store: MemoryRecords = createMemoryRecords()) => ({ store, own: await openAccount(store, { kind: 'kept' }) })
  type TestPlace = Awaited<ReturnType<typeof openPlace>>

  return {
    network,
    presence,
    /** Peers that have no way into the overlay. */
    unjoined,
    /** Time passes, for tokens. */
    clock,
    openPlace,
    /** An instance of an account: a new one unless given, as after a restart or in another tab. */
    async join(name: string, given?: TestPlace) {
      const peer = name.replaceAll(/\W+/g, '')
      const place = given ?? (await openPlace())
      const { store, own } = place
      const verify = createIdentityVerifier()
      const { isRevoked } = own.revocations
      /** Where the account of another place would be kept here. */
      const vacant = createMemoryRecords()
      const book = await openContactsBook({ store, now })
      const ways = network.join(peer)
      const pairing = await createPairing({
        store,
        book,
        ways,
        rendezvous: whileJoined(presence.join(peer), () => !unjoined.has(peer)),
        now,
        settings: { codeWorkBits: 4, lookMs: 300 },
        account: {
          peer,
          publicKey: own.publicKey,
          identity: () => own.identityFor(peer),
          verify: (proof, other) => verify(proof, { peer: other, times: [Date.now()], isRevoked }),
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
        ways,
        place,
        vacant,
        /** As when its process is killed: nothing is said, and only the store stays. */
        kill() {
          ways.leave()
          presence.leave(peer)
        },
      }
    },
  }
}

function whileJoined(rendezvous: MemoryRendezvous, isJoined: () => boolean): MemoryRendezvous {
  return {
    ...rendezvous,
    find(key, options) {
      if (!isJoined()) throw new MayflyError('ERR_NO_NETWORK', 'Not joined')
      return rendezvous.find(key, options)
    },
  }
}
