/** How a peer comes to its people. */

import type { AccountStore } from './account/store.ts'
import type { Stretch } from './format/stretch.ts'
import type { AccountChoice } from './types.ts'

export interface PeopleOptions {
  /** The account of this peer; the one in the store when left out. */
  account?: AccountChoice
  /** Keeps the account, its contacts and its open tokens. In memory when left out, and gone with the peer. It is closed when the peer stops. */
  store?: AccountStore
  /** How scrypt is made of a pass phrase or a password; a page hands in one that runs in a worker. */
  stretch?: Stretch
  /** The name of this place in the list of the account's places. */
  placeName?: string
}
