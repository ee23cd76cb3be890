/** Pairing: two people become contacts, or a place becomes one of an account, by a secret that one gives the other. WIRE.md has the protocol. */

import type { RecordStore } from '../account/record-store.ts'
import { loadCodeWords } from '../format/code.ts'
import type { ClaimOptions, Token, TokenOptions } from '../types.ts'
import { createClaims } from './claim.ts'
import { PAIRING_DEFAULTS, type PairingContext, type PairingSettings } from './context.ts'
import { createIssuedTokens } from './issued-tokens.ts'
import { openTokenRecords } from './token-records.ts'
import { createTokenServer } from './token-server.ts'

export type Pairing = Awaited<ReturnType<typeof createPairing>>

export type PairingOptions = Pick<PairingContext, 'account' | 'book' | 'ways' | 'rendezvous'> & {
  store: RecordStore
  /** Wall clock, in ms. */
  now?(): number
  randomBytes?(length: number): Uint8Array
  settings?: Partial<PairingSettings>
}

/** @throws {MayflyError} ERR_DAMAGED, for stored tokens that cannot be read */
export async function createPairing({ store, now = Date.now, randomBytes = drawBytes, settings, ...parts }: PairingOptions) {
  const context: PairingContext = { ...parts, now, randomBytes, words: loadCodeWords, settings: { ...PAIRING_DEFAULTS, ...settings } }
  const records = await openTokenRecords({ store, now })
  const issued = createIssuedTokens(context, records)
  const server = createTokenServer(context, records)
  const claims = createClaims(context)
  return {
    /** Tokens can be found and claimed from now on, those of before a restart among them. */
    async start(): Promise<void> {
      await server.start()
      issued.start()
    },
    /** Nobody finds the tokens until `start`. */
    async stop(): Promise<void> {
      server.stop()
      await issued.stop()
    },
    /** Ends it for good. */
    async close(): Promise<void> {
      server.stop()
      await issued.stop()
      issued.close()
      records.close()
    },
    /** @see Contacts.requestToken */
    requestToken: (alias: string, options?: TokenOptions): Promise<Token> => issued.request(alias, options),
    /** @see Contacts.claimToken */
    claimToken: (alias: string, token: string, options?: ClaimOptions) => claims.claim(alias, token, options),
    /** Tokens that wait to be claimed. */
    tokens: issued.list,
  }
}

const drawBytes = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))
