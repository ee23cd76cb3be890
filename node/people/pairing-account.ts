/** The account as pairing knows it: what it can give to another place, and what it may become itself. */

import { MayflyError } from '../errors.ts'
import type { OwnAccount } from './account/account.ts'
import { adoptAccount } from './account/open-account.ts'
import type { AccountStore } from './account/store.ts'
import type { VerifyIdentity } from './format/identity.ts'
import type { PairingAccount } from './pairing/context.ts'

export interface PairingPlace {
  /** This instance's peer id. */
  self: string
  account: OwnAccount
  /** Checks what another end shows. */
  verify(...shown: Parameters<PairingAccount['verify']>): ReturnType<VerifyIdentity>
  /** Where an account would be kept here: not a guest's own store. */
  kept: AccountStore
  /** True while an account is kept there. */
  keepsAccount: boolean
}

export function createPairingAccount({ self, account, verify, kept, keepsAccount }: PairingPlace): PairingAccount {
  let isTaken = keepsAccount
  return {
    peer: self,
    publicKey: account.publicKey,
    identity: () => account.identityFor(self),
    verify,
    isOwner: () => account.isOwner,
    signTrust: account.signTrust,
    grantPlace: account.grantPlace,
    placeToAdopt() {
      if (!isTaken) return kept.place.publicKey
      throw new MayflyError(
        'ERR_REFUSED',
        'This place keeps an account already: start as a guest, `people: { account: { kind: "guest" }, store }`, with a store that has none',
      )
    },
    async adopt(grant) {
      await adoptAccount(kept, grant)
      isTaken = true
    },
  }
}
