/** Reads the options of `createPeer` in Node.js. */

import { GROUP_DEFAULTS } from '../groups/context.ts'
import { MESSAGES_DEFAULTS } from '../messages/index.ts'
import type { PeerListener, PeerOptions } from '../peer.ts'
import { PROVIDER_STORE_DEFAULTS, RENDEZVOUS_DEFAULTS } from '../rendezvous/index.ts'
import {
  type Read,
  readFunction,
  readImplementation,
  readListOf,
  readNumbersOf,
  readOneOf,
  readOneOrMore,
  readOptions,
  readText,
} from './arguments.ts'
import { PEER_OPTION_READERS } from './peer-options.ts'
import { readPeopleOptions } from './people-options.ts'
import { readAddress, readMultiaddr, readSecret } from './values.ts'

/** @throws {MayflyError} ERR_BAD_OPTION */
export const readPeerOptions: Read<PeerOptions> = readOptions({
  ...PEER_OPTION_READERS,
  role: readOneOf('node', 'tab'),
  join: readOneOrMore(readAddress),
  listener: readImplementation<PeerListener>({ transport: readFunction, listen: readListOf(readText) }),
  announce: readOneOrMore(readMultiaddr),
  rendezvous: readNumbersOf(RENDEZVOUS_DEFAULTS),
  groups: readNumbersOf(GROUP_DEFAULTS),
  people: (value, what) => (typeof value === 'boolean' ? value : readPeopleOptions(value, what)),
  createHasher: readFunction,
  fetchPiece: readFunction,
  messages: readNumbersOf(MESSAGES_DEFAULTS),
  browserSecret: readSecret,
  providers: readNumbersOf(PROVIDER_STORE_DEFAULTS),
})
