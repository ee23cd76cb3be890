/** Finds the share that a spoken code stands for: asks those who hold its number, until one proves that it knows the words, too. */

import { createBackoff } from '../../async/backoff.ts'
import { delay } from '../../async/delay.ts'
import { MayflyError, type MayflyErrorCode } from '../../errors.ts'
import { loadCodeWords } from '../../people/format/code.ts'
import { refusalError } from '../../people/format/pairing-frames.ts'
import { parseSecret, type SecretTerms, termsOf } from '../../people/format/token.ts'
import type { Ways } from '../../people/index.ts'
import { createClaimer } from '../../people/pairing/claimer.ts'
import { explainUnknown, SHARE_CODE_PROTOCOL } from '../../people/pairing/code-kinds.ts'
import { createLockstep } from '../../people/pairing/lockstep.ts'
import { findWork } from '../../people/pairing/work.ts'
import type { Holder, Rendezvous } from '../../rendezvous/types.ts'
import type { AbortOptions } from '../../types.ts'
import { LINK_SECRET_BYTES, linkPathOf } from '../format/share-link.ts'

export interface ClaimCodeContext {
  self: string
  ways: Pick<Ways, 'open'>
  rendezvous: Pick<Rendezvous, 'find'>
  monotonic(): number
  randomBytes(length: number): Uint8Array
}

export const CLAIM_CODE_LIMITS = {
  maxHolders: 8,
  /** How long somebody is looked for who holds the number, in ms: a hold is found within a second or two of its beginning. */
  lookMs: 12_000,
  /** A code that adds a contact, of the same number, is told only after this time, in ms: one for files may just be coming. */
  otherKindMs: 2_500,
  turnMs: 15_000,
} as const

const RETRY = { firstMs: 300, maxMs: 3_000 }
const ID_BYTES = 32

/** Of the answers of several holders the first of these is told: one that knows the code knows more than one that does not. */
const TELLING: readonly MayflyErrorCode[] = [
  'ERR_TOKEN_USED',
  'ERR_TOKEN_BURNT',
  'ERR_TOKEN_EXPIRED',
  'ERR_REFUSED',
  'ERR_TOKEN_WRONG',
  'ERR_LIMIT',
]

/**
 * The path of the share.
 *
 * @throws {MayflyError} ERR_BAD_OPTION (no code), ERR_TOKEN_UNKNOWN, _USED, _EXPIRED, _BURNT, _WRONG, ERR_LIMIT, ERR_NO_NETWORK
 * @throws signal.reason, when aborted
 */
export async function claimCode(context: ClaimCodeContext, text: string, { signal }: AbortOptions = {}): Promise<string> {
  const secret = parseSecret(text, await loadCodeWords())
  if (secret.form !== 'code')
    throw new MayflyError('ERR_BAD_OPTION', 'This adds a contact; a code for files is two words and a number, as mango-guitar-7342')
  const terms = termsOf(secret)
  const startedAtMs = context.monotonic()
  const backoff = createBackoff(RETRY, Math.random)
  /** By peer. Bounded: maxHolders. */
  const errors = new Map<string, MayflyError>()
  const options = signal === undefined ? {} : { signal }
  for (;;) {
    for await (const holder of find(context, terms, options)) {
      const before = errors.get(holder.peer)
      if (before !== undefined && TELLING.includes(before.code)) continue
      if (before === undefined && errors.size >= CLAIM_CODE_LIMITS.maxHolders) continue
      try {
        return await claimFrom(context, holder, terms, options)
      } catch (error) {
        signal?.throwIfAborted()
        if (!(error instanceof MayflyError)) throw error
        errors.set(holder.peer, before ? error : await explainUnknown(context, holder, { kind: 'share', terms }, error, options))
      }
    }
    const telling = TELLING.map((code) => [...errors.values()].find((error) => error.code === code)).find((error) => error !== undefined)
    const sinceMs = context.monotonic() - startedAtMs
    if (telling !== undefined && (telling.code !== 'ERR_REFUSED' || sinceMs >= CLAIM_CODE_LIMITS.otherKindMs)) throw telling
    if (sinceMs >= CLAIM_CODE_LIMITS.lookMs) throw [...errors.values()][0] ?? refusalError('unknown')
    await delay(backoff.next(), options)
  }
}

/** Those who hold the number now; nobody where nobody can be asked, since this peer may just be joining. */
async function* find({ self, rendezvous }: ClaimCodeContext, { key }: SecretTerms, options: AbortOptions): AsyncGenerator<Holder> {
  try {
    for await (const holder of rendezvous.find(key, options)) if (holder.peer !== self) yield holder
  } catch (error) {
    options.signal?.throwIfAborted()
    if (!(error instanceof MayflyError) || error.code === 'ERR_NOT_STARTED') throw error
  }
}

async function claimFrom(
  context: ClaimCodeContext,
  { peer, home, addresses }: Holder,
  terms: SecretTerms,
  options: AbortOptions,
): Promise<string> {
  const { self, ways, randomBytes } = context
  const way = await ways.open({ peer, home, addresses }, SHARE_CODE_PROTOCOL, { prefer: 'socket', ...options })
  const turns = createLockstep(way, { turnMs: CLAIM_CODE_LIMITS.turnMs })
  try {
    const claimer = createClaimer({ kind: 'share', form: 'code', terms, own: self, remote: way.peer, card: new Uint8Array(), randomBytes })
    turns.send(claimer.start())
    for (;;) {
      const step = claimer.receive(await turns.next(options))
      if (step.do === 'fail') throw refusalError(step.refusal)
      if (step.do === 'finish') {
        turns.send(claimer.done(new Uint8Array()))
        turns.close()
        return pathIn(step.card)
      }
      turns.send(step.do === 'work' ? claimer.worked(await findWork(step.subject, step.bits, options)) : step.frame)
    }
  } catch (error) {
    turns.abort(error as Error)
    throw error
  }
}

function pathIn(card: Uint8Array): string {
  if (card.byteLength !== ID_BYTES + LINK_SECRET_BYTES) throw new MayflyError('ERR_BAD_FRAME', 'A code led to something that is no share')
  return linkPathOf('s', { id: card.slice(0, ID_BYTES), secret: card.slice(ID_BYTES) })
}
