/** Claims somebody's token: finds who holds it, and tries each until one proves that it knows the secret, too. */

import { createBackoff } from '../../async/backoff.ts'
import { createWakeUp } from '../../async/wake-up.ts'
import { MayflyError, type MayflyErrorCode } from '../../errors.ts'
import { equalBytes } from '../../keys/index.ts'
import type { Holder } from '../../rendezvous/types.ts'
import { keyIdOf } from '../format/account-key.ts'
import { cleanAlias } from '../format/alias.ts'
import { encodeCard } from '../format/pairing-card.ts'
import { refusalError } from '../format/pairing-frames.ts'
import { verificationWords } from '../format/pairing-keys.ts'
import { decodeGrant } from '../format/place-grant.ts'
import { type PairingKind, type PairingSecret, parseSecret, type SecretTerms, termsOf } from '../format/token.ts'
import type { ClaimOptions, Paired } from '../types.ts'
import { type ClaimerStep, createClaimer } from './claimer.ts'
import { explainUnknown, PAIRING_PROTOCOL } from './code-kinds.ts'
import { type PairingContext, readCard } from './context.ts'
import { createLockstep, type Lockstep } from './lockstep.ts'
import { isTrustOf } from './token-server.ts'
import { findWork } from './work.ts'

export const CLAIM_LIMITS = {
  /** Holders that are tried: a number of four digits may be held by others, too. */
  maxHolders: 8,
  /** Times that one holder is tried, when it is busy or the connection to it is cut. */
  maxTries: 6,
  /** How long all of it may take, in ms: holders that are busy are asked again. */
  longestMs: 60_000,
  /** How long a holder may take for one step, in ms. */
  turnMs: 15_000,
} as const

const RETRY = { firstMs: 300, maxMs: 4_000 }

/** Answers after which the same holder is asked again. */
const PASSING: readonly MayflyErrorCode[] = ['ERR_LIMIT', 'ERR_LEFT', 'ERR_UNAVAILABLE', 'ERR_TIMEOUT', 'ERR_NOT_STORED']

const FINAL: readonly MayflyErrorCode[] = ['ERR_TOKEN_USED', 'ERR_TOKEN_BURNT', 'ERR_TOKEN_EXPIRED']

/** Of the answers of several holders the first of these is told: one that knows the token knows more than one that does not. */
const TELLING: readonly MayflyErrorCode[] = [
  'ERR_TOKEN_USED',
  'ERR_TOKEN_BURNT',
  'ERR_TOKEN_EXPIRED',
  'ERR_REFUSED',
  'ERR_NOT_STORED',
  'ERR_TOKEN_WRONG',
  'ERR_LIMIT',
  'ERR_UNAVAILABLE',
]

interface Claim {
  alias: string
  kind: PairingKind
  form: PairingSecret['form']
  terms: SecretTerms
  words: readonly string[]
}

export function createClaims(context: PairingContext) {
  const { account, book, rendezvous, ways } = context

  /** @throws {MayflyError} the holder's refusal, or what went wrong on the way to it */
  async function claimFrom(holder: Holder, claim: Claim, signal: AbortSignal | undefined): Promise<Paired> {
    const way = await ways.open(holder, PAIRING_PROTOCOL, { prefer: 'socket', ...(signal === undefined ? {} : { signal }) })
    const turns = createLockstep(way, { turnMs: CLAIM_LIMITS.turnMs })
    try {
      const paired = await converse(turns, way.peer, claim, signal)
      turns.close()
      return paired
    } catch (error) {
      turns.abort(error as Error)
      throw error
    }
  }

  async function converse(turns: Lockstep, remote: string, claim: Claim, signal: AbortSignal | undefined): Promise<Paired> {
    const options = signal === undefined ? {} : { signal }
    const { kind, form, terms } = claim
    const gift = kind === 'device' ? account.placeToAdopt() : new Uint8Array()
    const card = encodeCard({ ...(await account.identity()), gift })
    const claimer = createClaimer({ kind, form, terms, own: account.peer, remote, card, randomBytes: context.randomBytes })
    turns.send(claimer.start())
    for (;;) {
      const step = claimer.receive(await turns.next(options))
      if (step.do === 'finish') {
        const { paired, trust } = await finish(step, remote, claim)
        turns.send(claimer.done(trust))
        return paired
      }
      if (step.do === 'fail') throw refusalError(step.refusal)
      turns.send(step.do === 'work' ? claimer.worked(await findWork(step.subject, step.bits, options)) : step.frame)
    }
  }

  /** Writes down what was agreed. @returns with this side's statement of trust, for the issuer */
  async function finish(step: Extract<ClaimerStep, { do: 'finish' }>, remote: string, { kind, alias, words: list }: Claim) {
    const { identity, refusal, gift } = readCard(context, step.card, remote)
    if (identity === undefined) throw new MayflyError(refusal.code, `The other side is not who it says: ${refusal.text}`)
    const words = verificationWords(step.words, [account.publicKey, identity.account], list)
    const id = keyIdOf(identity.account)
    if (kind === 'device') {
      if (!equalBytes(decodeGrant(gift).certificate.account, identity.account))
        throw new MayflyError('ERR_FORGED', 'The other side would make this place one of an account that is not its own')
      await account.adopt(gift)
      return { paired: { account: id, alias, words }, trust: new Uint8Array() }
    }
    if (!isTrustOf(gift, { from: identity.account, of: account.publicKey }))
      throw new MayflyError('ERR_FORGED', 'The other side showed a statement of trust that its account did not make')
    const atMs = book.nextChangeMs(identity.account)
    const contact = await book.add(identity.account, { alias, trust: gift, atMs })
    return { paired: { account: id, alias: contact.alias, words }, trust: await account.signTrust(identity.account) }
  }

  /** Tries each holder that is found, and those that come, until one takes the claim or enough have refused it. */
  async function tryHolders(claim: Claim, signal: AbortSignal | undefined): Promise<Paired> {
    const startedAtMs = performance.now()
    const tries = new Map<string, { count: number; error: MayflyError }>()
    const backoff = createBackoff(RETRY, Math.random)
    const news = createWakeUp()
    const watching = new AbortController()
    const watched = watchKey(claim, watching.signal, news.ring)
    try {
      for (;;) {
        const { holders, problem } = await findHolders(claim, signal)
        for (const holder of holders) {
          const known = tries.get(holder.peer)
          if (known !== undefined && !isWorthTrying(known)) continue
          if (known === undefined && tries.size >= CLAIM_LIMITS.maxHolders) continue
          try {
            return await claimFrom(holder, claim, signal)
          } catch (error) {
            signal?.throwIfAborted()
            if (!(error instanceof MayflyError)) throw error
            tries.set(holder.peer, { count: (known?.count ?? 0) + 1, error: known ? error : await explain(holder, claim, error, signal) })
          }
        }
        const answers = [...tries.values()]
        const isOver = answers.length > 0 && (answers.some(isFinal) || !answers.some(isWorthTrying))
        const isLate = performance.now() - startedAtMs >= (tries.size === 0 ? context.settings.lookMs : CLAIM_LIMITS.longestMs)
        if (isOver || isLate) throw mostTelling([...tries.values()].map(({ error }) => error).concat(problem ?? []))
        await news.wait(backoff.next())
        signal?.throwIfAborted()
      }
    } finally {
      watching.abort()
      await watched
    }
  }

  /** A code that the holder does not know may be one for files. */
  function explain(holder: Holder, claim: Claim, error: MayflyError, signal: AbortSignal | undefined): Promise<MayflyError> | MayflyError {
    if (claim.form !== 'code') return error
    const asked = { self: account.peer, ways, randomBytes: context.randomBytes }
    return explainUnknown(asked, holder, claim, error, signal ? { signal } : {})
  }

  /** @returns with the reason why nobody could be asked: this peer may just be joining, and is asked again */
  async function findHolders({ terms }: Claim, signal: AbortSignal | undefined): Promise<{ holders: Holder[]; problem?: MayflyError }> {
    const holders: Holder[] = []
    try {
      for await (const holder of rendezvous.find(terms.key, signal === undefined ? {} : { signal })) {
        if (holder.peer !== account.peer) holders.push(holder)
        if (holders.length >= CLAIM_LIMITS.maxHolders) break
      }
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof MayflyError) || error.code === 'ERR_NOT_STARTED') throw error
      return { holders, problem: error }
    }
    return { holders }
  }

  /** Rings when somebody comes. Never rejects. */
  async function watchKey({ terms }: Claim, signal: AbortSignal, ring: () => void): Promise<void> {
    try {
      for await (const count of rendezvous.watch(terms.key, { signal })) if (count > 0) ring()
    } catch {
      // ended, or it cannot be watched: it is looked for from time to time
    }
  }

  return {
    /**
     * @param text a token, its link, or a code
     * @throws {MayflyError} ERR_BAD_OPTION, ERR_TOKEN_UNKNOWN, _USED, _EXPIRED, _BURNT, _WRONG, ERR_REFUSED, ERR_LIMIT, ERR_NO_NETWORK
     * @throws signal.reason, when aborted
     */
    async claim(alias: string, text: string, { kind = 'contact', signal }: ClaimOptions = {}): Promise<Paired> {
      signal?.throwIfAborted()
      const words = await context.words()
      const secret = parseSecret(text, words)
      if (secret.kind !== undefined && secret.kind !== kind) throw refusalError('other-kind')
      const claim: Claim = { alias: cleanAlias(alias), kind, form: secret.form, terms: termsOf(secret), words }
      if (kind === 'contact') book.mustHaveRoom()
      else account.placeToAdopt()
      return tryHolders(claim, signal)
    },
  }
}

const isWorthTrying = ({ count, error }: { count: number; error: MayflyError }) =>
  PASSING.includes(error.code) && count < CLAIM_LIMITS.maxTries

/** The issuer itself has answered: holders that cannot be reached, as one that was killed, are not waited for. */
const isFinal = ({ error }: { error: MayflyError }) => FINAL.includes(error.code)

function mostTelling(errors: readonly MayflyError[]): MayflyError {
  for (const code of TELLING) {
    const found = errors.find((error) => error.code === code)
    if (found !== undefined) return found
  }
  return errors[0] ?? refusalError('unknown')
}
