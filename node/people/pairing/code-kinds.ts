/**
 * Codes that add people and codes of shares look alike, and are held under the same numbers; they are claimed by different protocols. A code that
 * nobody knows is looked for in the other one, so that who typed it at the wrong place is told so.
 */

import { MayflyError } from '../../errors.ts'
import type { Holder } from '../../rendezvous/types.ts'
import type { AbortOptions } from '../../types.ts'
import type { SecretKind, SecretTerms } from '../format/token.ts'
import type { Ways } from '../way/types.ts'
import { createClaimer } from './claimer.ts'
import { createLockstep } from './lockstep.ts'

/** Pairing has ways of its own: a session would tell strangers who this is before they have proven that they know a secret. */
export const PAIRING_PROTOCOL = '/mayfly/pair/1.0.0'
/** Its frames are those of a pairing. */
export const SHARE_CODE_PROTOCOL = '/mayfly/share-code/1.0.0'

const TURN_MS = 5_000

export interface CodeKindsContext {
  self: string
  ways: Pick<Ways, 'open'>
  randomBytes(length: number): Uint8Array
}

/**
 * Whether the number stands for a code of another kind than `kind` at this holder. Nothing is guessed by it: a claim of the wrong kind is refused
 * before its words are compared.
 *
 * @throws signal.reason, when aborted
 */
async function isOtherKind(
  { self, ways, randomBytes }: CodeKindsContext,
  holder: Pick<Holder, 'peer' | 'home' | 'addresses'>,
  { kind, terms, protocol }: { kind: SecretKind; terms: SecretTerms; protocol: string },
  options: AbortOptions,
): Promise<boolean> {
  try {
    const way = await ways.open(holder, protocol, { prefer: 'socket', ...options })
    const turns = createLockstep(way, { turnMs: TURN_MS })
    try {
      const claimer = createClaimer({ kind, form: 'code', terms, own: self, remote: way.peer, card: new Uint8Array(), randomBytes })
      turns.send(claimer.start())
      const step = claimer.receive(await turns.next(options))
      return step.do === 'fail' && step.refusal === 'other-kind'
    } finally {
      turns.close()
    }
  } catch {
    options.signal?.throwIfAborted()
    return false
  }
}

/** The error of a holder that does not know a code, or one that says what the code is for. */
export async function explainUnknown(
  context: CodeKindsContext,
  holder: Pick<Holder, 'peer' | 'home' | 'addresses'>,
  { kind, terms }: { kind: SecretKind; terms: SecretTerms },
  error: MayflyError,
  options: AbortOptions,
): Promise<MayflyError> {
  if (error.code !== 'ERR_TOKEN_UNKNOWN' && error.code !== 'ERR_UNAVAILABLE') return error
  const protocol = kind === 'share' ? PAIRING_PROTOCOL : SHARE_CODE_PROTOCOL
  if (!(await isOtherKind(context, holder, { kind, terms, protocol }, options))) return error
  const text =
    kind === 'share'
      ? 'This code adds a contact, not files: enter it where people are added'
      : 'This code is for files: enter it where files are received'
  return new MayflyError('ERR_REFUSED', text)
}
