/** Answers claims of this account's tokens: a session for each claimer, a bound on all of them. */

import { createQuota } from '../../async/quota.ts'
import { createTokenBucket, createTokenBuckets } from '../../async/token-bucket.ts'
import { MayflyError } from '../../errors.ts'
import { equalBytes } from '../../keys/index.ts'
import type { ClaimFrame, PairingRefusal } from '../format/pairing-frames.ts'
import { type PairingEnd, verificationWords } from '../format/pairing-keys.ts'
import { termsOf } from '../format/token.ts'
import { openTrust } from '../format/trust-statement.ts'
import type { Session } from '../way/types.ts'
import { endOf, type PairingContext } from './context.ts'
import { createIssuer, type IssuedSecret, type Issuer, type IssuerStep } from './issuer.ts'
import { createLockstep, type Lockstep } from './lockstep.ts'
import { isNamedBy, refuseClaim, type TokenClaim, type TokenRecord, type TokenRecords } from './token-records.ts'

export const TOKEN_SERVER_LIMITS = {
  /** Claimers that are served at once: a hundred who all have the code come within a second. */
  maxSessions: 128,
  maxSessionsPerPeer: 2,
  /** How long a claimer may take for one step, in ms: its work among them. */
  turnMs: 30_000,
  /** Claims of one peer, and of all: at once, and per second for long. */
  claimsPerPeer: { burst: 8, perSecond: 0.2 },
  claims: { burst: 256, perSecond: 10 },
} as const

const MAX_PEERS = 1_024

export function createTokenServer(context: PairingContext, records: TokenRecords) {
  const { account, book, sessions } = context
  const quota = createQuota({ max: TOKEN_SERVER_LIMITS.maxSessions, maxPerKey: TOKEN_SERVER_LIMITS.maxSessionsPerPeer })
  const now = () => performance.now()
  const bucket = createTokenBucket({ ...TOKEN_SERVER_LIMITS.claims, now })
  const buckets = createTokenBuckets({ ...TOKEN_SERVER_LIMITS.claimsPerPeer, now, maxKeys: MAX_PEERS })

  /** The first reason that there is to refuse a claim before anything is computed. */
  function lookUp(remote: PairingEnd, claim: ClaimFrame): IssuedSecret | PairingRefusal {
    const record = records.list().find((candidate) => isNamedBy(candidate, claim.form, claim.id))
    if (record === undefined) return 'unknown'
    if (record.kind !== claim.kind) return 'other-kind'
    const refusal = refuseClaim(record, remote, context.now())
    if (refusal !== undefined) return refusal
    if (equalBytes(remote.account, account.end().account)) return 'own'
    if (record.kind === 'contact' && book.get(remote.account)?.state === 'blocked') return 'blocked'
    if (buckets.take(remote.peer) > 0 || bucket.take() > 0) return 'busy'
    if (claim.form === 'token' || record.code === null)
      return { password: termsOf({ form: 'token', token: record.token }).password, workBits: 0 }
    return { password: termsOf({ form: 'code', code: record.code }).password, workBits: context.settings.codeWorkBits }
  }

  async function serve(session: Session): Promise<void> {
    const turns = createLockstep(session, { turnMs: TOKEN_SERVER_LIMITS.turnMs })
    const remote = endOf(session.remote)
    let claim: ClaimFrame | undefined
    const issuer = createIssuer({
      own: account.end(),
      remote,
      randomBytes: context.randomBytes,
      lookUp(frame) {
        claim = frame
        return lookUp(remote, frame)
      },
    })
    for (;;) {
      const step = issuer.receive(await turns.next())
      if (step.do === 'check') {
        if (claim === undefined) throw new TypeError('a guess without a claim')
        await settle({ turns, issuer, step, remote, claim })
        return
      }
      turns.send(step.frame)
      if (step.frame.type === 'refuse') return
    }
  }

  interface Guess {
    turns: Lockstep
    issuer: Issuer
    step: Extract<IssuerStep, { do: 'check' }>
    remote: PairingEnd
    claim: ClaimFrame
  }

  /** Judges the guess and writes down what becomes of it, then answers. */
  async function settle({ turns, issuer, step, remote, claim }: Guess): Promise<void> {
    const words = await context.words()
    const refuse = (refusal: PairingRefusal) => turns.send({ type: 'refuse', refusal })
    const record = records.list().find((candidate) => isNamedBy(candidate, claim.form, claim.id))
    if (record === undefined) {
      refuse('unknown')
      return
    }
    try {
      const outcome = await records.guess(record.token, remote, claim.form === 'code', () => {
        const guess = step.check()
        if (guess === undefined) return 'wrong'
        const terms = { card: guess.card, words: verificationWords(guess.words, words), atMs: book.nextChangeMs(remote.account) }
        return readClaim(record, terms, remote)
      })
      if (typeof outcome === 'string') {
        refuse(outcome)
        return
      }
      turns.send(issuer.accept(await writeDown(outcome.record, outcome.claim)))
      if (await turns.isEnded()) await records.finish(record.token, outcome.claim.words)
    } catch (error) {
      const isTheirs = error instanceof MayflyError && error.code === 'ERR_BAD_FRAME'
      refuse(isTheirs ? 'malformed' : 'not-stored')
    }
  }

  function readClaim(
    { kind }: TokenRecord,
    { card, words, atMs }: { card: Uint8Array; words: string[]; atMs: number },
    { account: claimer, place }: PairingEnd,
  ): TokenClaim | PairingRefusal {
    if (kind === 'contact' && !isTrustOf(card, { from: claimer, of: account.end().account })) return 'malformed'
    if (kind === 'device' && card.byteLength !== place.byteLength) return 'malformed'
    return { account: claimer, place, card, atMs, words, isDone: false }
  }

  /** The contact goes into the book before the claimer hears of it. @returns this side's card */
  async function writeDown({ kind, alias, role }: TokenRecord, claim: TokenClaim): Promise<Uint8Array> {
    if (kind === 'device') return account.grantPlace(claim.card, { role, name: alias })
    await addContact(alias, claim)
    return account.signTrust(claim.account)
  }

  const addContact = (alias: string, { account: claimer, card, atMs }: TokenClaim) => book.add(claimer, { alias, trust: card, atMs })

  function onSession(session: Session): void {
    const leave = quota.enter(session.remote.peer)
    if (typeof leave === 'string') {
      session.abort(new MayflyError('ERR_LIMIT', 'Too many claims at once'))
      return
    }
    serve(session)
      .then(
        () => session.close(),
        (error: unknown) => (session.open ? session.abort(error as Error) : undefined),
      )
      .finally(leave)
  }

  let unhandle: (() => void) | undefined

  return {
    /** Takes claims. Contacts of claims that were taken before this process began are written into the book, where they are not. */
    async start(): Promise<void> {
      for (const { kind, alias, claim } of records.list()) if (kind === 'contact' && claim !== null) await addContact(alias, claim)
      unhandle = sessions.handle(
        'pair',
        ({ peer }) => {
          if (records.list().length === 0) return { code: 'ERR_TOKEN_UNKNOWN', text: 'No token was given out here' }
          const isFull = quota.size >= TOKEN_SERVER_LIMITS.maxSessions || quota.of(peer) >= TOKEN_SERVER_LIMITS.maxSessionsPerPeer
          return isFull ? { code: 'ERR_LIMIT', text: 'Too many claims at once' } : { answer: { kind: 'pair' } }
        },
        onSession,
      )
    },
    stop() {
      unhandle?.()
      unhandle = undefined
    },
  }
}

/** True for a statement by a place of `from` that it trusts `of`. */
export function isTrustOf(bytes: Uint8Array, { from, of }: { from: Uint8Array; of: Uint8Array }): boolean {
  try {
    const { certificate, trusted } = openTrust(bytes)
    return equalBytes(certificate.account, from) && equalBytes(trusted, of)
  } catch {
    return false
  }
}
