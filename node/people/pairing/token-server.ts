/** Answers claims of this account's tokens: a session for each claimer, a bound on all of them. */

import { createTokenBucket, createTokenBuckets } from '../../async/token-bucket.ts'
import { MayflyError } from '../../errors.ts'
import { equalBytes } from '../../keys/index.ts'
import { encodeCard } from '../format/pairing-card.ts'
import type { ClaimFrame, PairingRefusal } from '../format/pairing-frames.ts'
import { verificationWords, type WordsSubject } from '../format/pairing-keys.ts'
import { termsOf } from '../format/token.ts'
import { openTrust } from '../format/trust-statement.ts'
import type { Way } from '../way/types.ts'
import { PAIRING_PROTOCOL } from './code-kinds.ts'
import { type PairingContext, readCard } from './context.ts'
import { createIssuer, type IssuedSecret, type Issuer, type IssuerStep } from './issuer.ts'
import { createLockstep, type Lockstep } from './lockstep.ts'
import { isNamedBy, refuseToken, type TokenClaim, type TokenRecord, type TokenRecords } from './token-records.ts'

export const TOKEN_SERVER_LIMITS = {
  /** Claimers that are served at once: a hundred who all have the code come within a second. */
  maxInbound: 128,
  maxInboundPerPeer: 2,
  /** How long a claimer may take for one step, in ms: its work among them. */
  turnMs: 30_000,
  /** Claims of one peer, and of all: at once, and per second for long. */
  claimsPerPeer: { burst: 8, perSecond: 0.2 },
  claims: { burst: 256, perSecond: 10 },
} as const

const MAX_PEERS = 1_024

export function createTokenServer(context: PairingContext, records: TokenRecords) {
  const { account, book } = context
  const now = () => performance.now()
  const bucket = createTokenBucket({ ...TOKEN_SERVER_LIMITS.claims, now })
  const buckets = createTokenBuckets({ ...TOKEN_SERVER_LIMITS.claimsPerPeer, now, maxKeys: MAX_PEERS })

  const find = ({ form, id }: ClaimFrame) => records.list().find((candidate) => isNamedBy(candidate, form, id))

  /** The first reason that there is to refuse a claim before anything is computed. */
  function lookUp(peer: string, claim: ClaimFrame): IssuedSecret | PairingRefusal {
    const record = find(claim)
    const refusal = refuseToken(record, context.now())
    if (record === undefined || refusal !== undefined) return refusal ?? 'unknown'
    if (record.kind !== claim.kind) return 'other-kind'
    if (buckets.take(peer) > 0) return 'busy'
    if (claim.form === 'token' || record.code === null)
      return { password: termsOf({ form: 'token', token: record.token }).password, workBits: 0 }
    // Strangers find the number of a code: they cannot keep away those who know the token.
    if (bucket.take() > 0) return 'busy'
    return { password: termsOf({ form: 'code', code: record.code }).password, workBits: context.settings.codeWorkBits }
  }

  async function serve({ peer }: Way, turns: Lockstep): Promise<void> {
    let claim: ClaimFrame | undefined
    const issuer = createIssuer({
      own: account.peer,
      remote: peer,
      randomBytes: context.randomBytes,
      lookUp(frame) {
        claim = frame
        return lookUp(peer, frame)
      },
    })
    for (;;) {
      const step = issuer.receive(await turns.next())
      if (step.do === 'check' && claim !== undefined) return settle({ turns, issuer, step, peer, claim })
      if (step.do !== 'send') throw new TypeError('a step out of turn')
      turns.send(step.frame)
      if (step.frame.type === 'refuse') return
    }
  }

  /** Judges the guess and writes down what becomes of it, then answers. */
  async function settle({ turns, issuer, step, peer, claim }: Guess): Promise<void> {
    const words = await context.words()
    const record = find(claim)
    const refuse = (refusal: PairingRefusal) => void turns.send({ type: 'refuse', refusal })
    if (record === undefined) return refuse('unknown')
    let accepted: { claim: TokenClaim; card: Uint8Array }
    try {
      const outcome = await records.guess(record.token, claim.form === 'code', () => {
        const guess = step.check()
        return guess === undefined ? 'wrong' : readClaim(record, { ...guess, peer, list: words })
      })
      if (typeof outcome === 'string') return refuse(outcome)
      const gift = await writeDown(outcome.record, outcome.claim)
      accepted = { claim: outcome.claim, card: encodeCard({ ...(await account.identity()), gift }) }
    } catch (error) {
      const isTheirs = error instanceof MayflyError && error.code === 'ERR_BAD_FRAME'
      return refuse(isTheirs ? 'malformed' : 'not-stored')
    }
    turns.send(issuer.accept(accepted.card))
    const last = issuer.receive(await turns.next())
    if (last.do !== 'finish') return
    await keepTrust(record, accepted.claim, last.card)
    await records.finish(record.token, accepted.claim.words)
  }

  /** The claim of a right guess. Reads of it are few, so that it can be judged where guesses are counted. */
  function readClaim({ kind }: TokenRecord, { card, words, peer, list }: RightGuess): TokenClaim | PairingRefusal {
    const { identity, gift } = readCard(context, card, peer)
    if (identity === undefined) return 'unproven'
    const { account: claimer, place } = identity
    if (equalBytes(claimer, account.publicKey)) return 'own'
    if (kind === 'contact' && book.get(claimer)?.state === 'blocked') return 'blocked'
    if (kind === 'device' && gift.byteLength !== place.byteLength) return 'malformed'
    const said = verificationWords(words, [claimer, account.publicKey], list)
    return { account: claimer, place, gift, atMs: book.nextChangeMs(claimer), words: said, isDone: false }
  }

  /** The contact goes into the book before the claimer hears of it. @returns what the claimer is given */
  async function writeDown({ kind, alias, role }: TokenRecord, claim: TokenClaim): Promise<Uint8Array> {
    if (kind === 'device') return account.grantPlace(claim.gift, { role, name: alias })
    await addContact(alias, claim)
    return account.signTrust(claim.account)
  }

  const addContact = (alias: string, { account: claimer, atMs }: TokenClaim) => book.add(claimer, { alias, trust: new Uint8Array(), atMs })

  /** The claimer's statement comes last, since only then it knows whom it trusts. */
  async function keepTrust({ kind }: TokenRecord, { account: claimer }: TokenClaim, statement: Uint8Array): Promise<void> {
    if (kind === 'contact' && isTrustOf(statement, { from: claimer, of: account.publicKey }))
      await book.keepTrust(claimer, statement, openTrust(statement).atMs)
  }

  function onWay(way: Way): void {
    const turns = createLockstep(way, { turnMs: TOKEN_SERVER_LIMITS.turnMs })
    serve(way, turns).then(turns.close, (error: unknown) => turns.abort(error as Error))
  }

  let unhandle: (() => void) | undefined

  return {
    /** Takes claims. Contacts of claims that were taken before this process began are written into the book, where they are not. */
    async start(): Promise<void> {
      for (const { kind, alias, claim } of records.list()) if (kind === 'contact' && claim !== null) await addContact(alias, claim)
      const { maxInbound, maxInboundPerPeer } = TOKEN_SERVER_LIMITS
      unhandle = context.ways.handle(PAIRING_PROTOCOL, onWay, { maxInbound, maxInboundPerPeer })
    },
    stop() {
      unhandle?.()
      unhandle = undefined
    },
  }
}

interface Guess {
  turns: Lockstep
  issuer: Issuer
  step: Extract<IssuerStep, { do: 'check' }>
  peer: string
  claim: ClaimFrame
}

interface RightGuess {
  card: Uint8Array
  words: WordsSubject
  peer: string
  /** The list of words. */
  list: readonly string[]
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
