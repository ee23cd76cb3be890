/** How a peer comes to its account: the one that is kept, a new one, a guest's, or one that is recovered from its words or its file. */

import { MayflyError } from '../../errors.ts'
import { equalBytes } from '../../keys/key.ts'
import { openAccountFile } from '../format/account-file.ts'
import { accountSigner, createEntropy } from '../format/account-key.ts'
import { decodeGrant } from '../format/place-grant.ts'
import { decodeWords } from '../format/recovery-words.ts'
import { stretch } from '../format/stretch.ts'
import type { AccountChoice } from '../types.ts'
import { type AccountDependencies, type OwnAccount, openOwnAccount, RECORDS_IN_FILE } from './account.ts'
import { ACCOUNT_FORM, type AccountRecord, isAccountKept } from './account-record.ts'
import { type KnownPlaces, mergePlaces, placesForm } from './places.ts'
import { REVOCATIONS_FORM } from './revocations.ts'
import { type AccountStore, createMemoryAccountStore } from './store.ts'

export interface OpenAccountOptions extends Partial<AccountDependencies> {
  /** The place's name in the account's list, if the account comes here now: 32 characters. */
  placeName?: string
}

/**
 * @param store for an account that is kept here; a guest's is another one, in memory
 * @throws {MayflyError} ERR_NO_ACCOUNT, ERR_BAD_WORDS, ERR_WRONG_PASS_PHRASE, ERR_BAD_OPTION: not an account file; ERR_REFUSED: another account is kept here;
 *   ERR_NOT_STORED
 */
export async function openAccount(store: AccountStore, choice: AccountChoice, options: OpenAccountOptions = {}): Promise<OwnAccount> {
  const dependencies: AccountDependencies = { now: options.now ?? Date.now, stretch: options.stretch ?? stretch }
  const home = choice.kind === 'guest' ? createMemoryAccountStore() : store
  if (choice.kind === 'words') await keepEntropy(home, await decodeWords(choice.words))
  else if (choice.kind === 'file') {
    const { entropy, records } = await openAccountFile(choice.bytes, choice.passPhrase, dependencies.stretch)
    for (const form of [placesForm(accountSigner(entropy).publicKey), REVOCATIONS_FORM]) form.decode(records.get(form.name)) // one that cannot be read is not stored
    await keepEntropy(home, entropy)
    for (const name of RECORDS_IN_FILE) {
      const bytes = records.get(name)
      if (bytes !== undefined) await home.change(name, (before) => (before === undefined ? bytes : undefined))
    }
  } else if (!(await isAccountKept(home))) {
    if (choice.kind === 'kept' && choice.create === false) throw new MayflyError('ERR_NO_ACCOUNT', 'No account is kept here')
    await keepNewEntropy(home)
  }
  const account = await openOwnAccount(home, dependencies)
  await account.certifyOwn(options.placeName ?? 'a place')
  return account
}

/** Wipes the 16 bytes. @throws {MayflyError} ERR_REFUSED: another account is kept here */
async function keepEntropy(store: AccountStore, entropy: Uint8Array): Promise<void> {
  const { publicKey } = accountSigner(entropy)
  const sealedEntropy = await store.seal(entropy)
  entropy.fill(0)
  await writeAccount(store, { publicKey, sealedEntropy })
}

/** Of two tabs that come first at once, both have the account of the first one. */
async function keepNewEntropy(store: AccountStore): Promise<void> {
  const entropy = createEntropy()
  const { publicKey } = accountSigner(entropy)
  const sealedEntropy = await store.seal(entropy)
  entropy.fill(0)
  await store.change(ACCOUNT_FORM.name, (before) => (before === undefined ? ACCOUNT_FORM.encode({ publicKey, sealedEntropy }) : undefined))
}

async function writeAccount(store: AccountStore, { publicKey, sealedEntropy }: AccountRecord): Promise<void> {
  await store.change(ACCOUNT_FORM.name, (before) => {
    const known = ACCOUNT_FORM.decode(before)
    if (known !== undefined && !equalBytes(known.publicKey, publicKey)) {
      throw new MayflyError('ERR_REFUSED', 'Another account is kept here: save its recovery words, forget it, and try again')
    }
    return ACCOUNT_FORM.encode({ publicKey, sealedEntropy: known?.sealedEntropy ?? sealedEntropy })
  })
}

/**
 * Makes this store a place of the account that has granted it (`grantPlace`). Open it then as the account that is kept.
 *
 * @throws {MayflyError} ERR_BAD_FRAME, ERR_FORGED: the grant is none, or for another place; ERR_REFUSED: another account is kept here; ERR_NOT_STORED
 */
export async function adoptAccount(store: AccountStore, bytes: Uint8Array): Promise<void> {
  const { certificate, entropy, name, namedAtMs } = decodeGrant(bytes)
  const { account: publicKey, place } = certificate
  if (!equalBytes(place, store.place.publicKey)) throw new MayflyError('ERR_FORGED', 'This grant is for another place')
  if (entropy !== undefined && !equalBytes(accountSigner(entropy).publicKey, publicKey)) {
    throw new MayflyError('ERR_FORGED', 'This grant has the secret of another account')
  }
  const sealedEntropy = entropy && (await store.seal(entropy))
  entropy?.fill(0)
  await writeAccount(store, { publicKey, sealedEntropy })
  const form = placesForm(publicKey)
  const merge = (before: KnownPlaces) => mergePlaces(before, [{ certificate, name, namedAtMs }], place)
  await store.change(form.name, (before) => form.encode(merge(form.decode(before))))
}
