/** People who pair in memory: accounts with real keys and statements, sessions and presence of tests, stores that outlive a restart. */

import { createSigningSecret } from '../../node/keys/signing.ts'
import { openContactsBook } from '../../node/people/account/contacts.ts'
import { signCertificate } from '../../node/people/format/certificate.ts'
import { signerOf } from '../../node/people/format/signed-form.ts'
import { signTrust } from '../../node/people/format/trust-statement.ts'
import { createPairing } from '../../node/people/pairing/pairing.ts'
import type { Identity } from '../../node/people/way/types.ts'
import { createMemoryRecords } from './memory-records.ts'
import { createMemoryRendezvous } from './memory-rendezvous.ts'
import { createSessionNetwork } from './session-network.ts'

export type PairingPerson = Awaited<ReturnType<ReturnType<typeof createPairingWorld>['join']>>

const DAY_MS = 86_400_000

export function createPairingWorld() {
  const network = createSessionNetwork()
  const presence = createMemoryRendezvous()
  const clock = { aheadMs: 0 }
  const now = () => Date.now() + clock.aheadMs

  async function createAccount() {
    const [account, place] = [signerOf(createSigningSecret()), signerOf(createSigningSecret())]
    const [issuedAtMs, expiresAtMs] = [Date.now() - DAY_MS, Date.now() + 300 * DAY_MS]
    const certificate = await signCertificate(account, { place: place.publicKey, role: 'owner', serial: 1, issuedAtMs, expiresAtMs })
    return { account, place, certificate, store: createMemoryRecords(), adopted: [] as Uint8Array[], isOwner: true }
  }
  type TestAccount = Awaited<ReturnType<typeof createAccount>>

  return {
    presence,
    /** Time passes, for tokens. */
    clock,
    createAccount,
    /** An instance of an account: a new one unless given, as after a restart or in another tab. */
    async join(peer: string, own?: TestAccount) {
      const account = own ?? (await createAccount())
      const { certificate, place, store } = account
      const identity: Identity = {
        account: account.account.publicKey,
        place: place.publicKey,
        peer,
        role: 'owner',
        serial: 1,
        expiresAtMs: Number.MAX_SAFE_INTEGER,
        certificate,
        delegation: new Uint8Array(),
      }
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
          isOwner: () => account.isOwner,
          signTrust: (trusted) => signTrust(place, { certificate, trusted, atMs: Date.now() }),
          grantPlace: async (granted, { role, name }) =>
            new TextEncoder().encode(JSON.stringify({ place: [...granted], role, name, of: [...identity.account] })),
          placeToAdopt: () => place.publicKey,
          async adopt(grant) {
            account.adopted.push(grant)
          },
        },
      })
      await pairing.start()
      return {
        ...pairing,
        pairing,
        book,
        identity,
        sessions,
        account,
        /** As when its process is killed: nothing is said, and only the store stays. */
        kill() {
          sessions.leave()
          presence.leave(peer)
        },
      }
    },
  }
}
