/** Reads the options of people: loaded with their code. */

import type { AccountStore } from '../people/account/store.ts'
import type { PeopleOptions } from '../people/people-options.ts'
import type { AccountChoice } from '../people/types.ts'
import {
  type Read,
  readBoolean,
  readBytes,
  readFunction,
  readImplementation,
  readObject,
  readOneOf,
  readOptions,
  readText,
} from './arguments.ts'
import { readSecretText } from './values.ts'

const readAccountStore = readImplementation<AccountStore>({
  place: readImplementation({ publicKey: readBytes, sign: readFunction }),
  load: readFunction,
  change: readFunction,
  seal: readFunction,
  unseal: readFunction,
  onChange: readFunction,
  clear: readFunction,
  close: readFunction,
})

const ACCOUNT_CHOICES: { readonly [Kind in AccountChoice['kind']]: Read<AccountChoice> } = {
  kept: readObject<{ kind: 'kept'; create?: boolean }>({ kind: readOneOf('kept'), create: readBoolean }),
  guest: readObject<{ kind: 'guest' }>({ kind: readOneOf('guest') }),
  words: readObject<{ kind: 'words'; words: string }>({ kind: readOneOf('words'), words: readSecretText }, ['words']),
  file: readObject<{ kind: 'file'; bytes: Uint8Array; passPhrase: string }>(
    { kind: readOneOf('file'), bytes: readBytes, passPhrase: readSecretText },
    ['bytes', 'passPhrase'],
  ),
}
const readAccountKind = readOneOf(...(Object.keys(ACCOUNT_CHOICES) as AccountChoice['kind'][]))
const readAccountChoice: Read<AccountChoice> = (value, what) => {
  const kind = readAccountKind((Object(value) as Partial<AccountChoice>).kind, `${what}.kind`)
  return ACCOUNT_CHOICES[kind](value, what)
}

/** @throws {MayflyError} ERR_BAD_OPTION */
export const readPeopleOptions = readOptions<PeopleOptions>({
  account: readAccountChoice,
  store: readAccountStore,
  stretch: readFunction,
  placeName: readText,
})
