/**
 * Codes of two words and a number for this peer's shares, as those by which people become contacts: found by the number, proven by a key exchange
 * in which each guess is counted, so that three wrong ones burn it. The other side gets the share's link.
 */

import { concatBytes } from '@noble/hashes/utils.js'
import { createTimeout, inTime, onAbort, timeoutSignal } from '../../async/abort.ts'
import { createTokenBuckets } from '../../async/token-bucket.ts'
import { MayflyError } from '../../errors.ts'
import { drawCode, formatCode, loadCodeWords, randomBelow } from '../../people/format/code.ts'
import type { ClaimFrame, PairingRefusal } from '../../people/format/pairing-frames.ts'
import { type SecretTerms, termsOf } from '../../people/format/token.ts'
import type { Way, Ways } from '../../people/index.ts'
import { SHARE_CODE_PROTOCOL } from '../../people/pairing/code-kinds.ts'
import { createIssuer, type IssuedSecret } from '../../people/pairing/issuer.ts'
import { createLockstep, type Lockstep } from '../../people/pairing/lockstep.ts'
import type { Hold, Rendezvous } from '../../rendezvous/types.ts'
import type { AbortOptions } from '../../types.ts'
import type { LinkSecrets } from '../format/share-link.ts'
import type { ShareSpokenCode } from '../types.ts'

export const CODE_LIMITS = {
  lifetimeMs: 600_000,
  wrongGuesses: 3,
  /** Work before a guess, in bits. */
  workBits: 16,
  /** Codes of one peer at once. */
  maxCodes: 64,
  maxInbound: 64,
  maxInboundPerPeer: 2,
  turnMs: 30_000,
  claimsPerPeer: { burst: 8, perSecond: 0.2 },
} as const

const MAX_PEERS = 1_024
/** How often a number is drawn that nobody else has now, and how long that is looked for, in ms. */
const MAX_DRAWS = 3
const LOOK_MS = 1_500
const ANNOUNCE_MS = 2_000

interface Issued {
  terms: SecretTerms
  link: LinkSecrets
  hold: Hold
  wrongGuesses: number
  /** It has been claimed: the same number is answered with that for a while. */
  state: 'open' | 'claimed' | 'burnt'
  settle(outcome: Awaited<ShareSpokenCode['settled']>): void
}

export interface SpokenCodesContext {
  self: string
  ways: Pick<Ways, 'handle'>
  rendezvous: Pick<Rendezvous, 'hold' | 'find'>
  now(): number
  monotonic(): number
  randomBytes(length: number): Uint8Array
}

export type SpokenCodes = ReturnType<typeof createSpokenCodes>

export function createSpokenCodes({ self, ways, rendezvous, now, monotonic, randomBytes }: SpokenCodesContext) {
  /** By number. Bounded: maxCodes. */
  const codes = new Map<string, Issued>()
  const buckets = createTokenBuckets({ ...CODE_LIMITS.claimsPerPeer, now: monotonic, maxKeys: MAX_PEERS })
  let unhandle: (() => void) | undefined

  const numberOf = ({ id }: Pick<ClaimFrame, 'id'>) => new TextDecoder().decode(id)

  function lookUp(peer: string, claim: ClaimFrame): IssuedSecret | PairingRefusal {
    const issued = codes.get(numberOf(claim))
    if (issued === undefined) return 'unknown'
    if (claim.kind !== 'share' || claim.form !== 'code') return 'other-kind'
    if (issued.state !== 'open') return issued.state === 'burnt' ? 'burnt' : 'used'
    if (buckets.take(peer) > 0) return 'busy'
    return { password: issued.terms.password, workBits: CODE_LIMITS.workBits }
  }

  async function serve({ peer }: Way, turns: Lockstep): Promise<void> {
    let claim: ClaimFrame | undefined
    const look = (frame: ClaimFrame) => {
      claim = frame
      return lookUp(peer, frame)
    }
    const issuer = createIssuer({ own: self, remote: peer, randomBytes, lookUp: look })
    for (;;) {
      const step = issuer.receive(await turns.next())
      if (step.do === 'send') {
        turns.send(step.frame)
        if (step.frame.type === 'refuse') return
      } else if (step.do === 'check' && claim !== undefined) {
        const refusal = judge(claim, step.check)
        const link = codes.get(numberOf(claim))?.link
        if (refusal !== undefined || link === undefined) return void turns.send({ type: 'refuse', refusal: refusal ?? 'unknown' })
        turns.send(issuer.accept(concatBytes(link.id, link.secret)))
      } else return
    }
  }

  /** Counts the guess before it is answered. */
  function judge(claim: ClaimFrame, check: () => unknown): PairingRefusal | undefined {
    const number = numberOf(claim)
    const issued = codes.get(number)
    if (issued === undefined) return 'unknown'
    if (issued.state !== 'open') return issued.state === 'burnt' ? 'burnt' : 'used'
    if (check() !== undefined) {
      end(issued, 'claimed')
      return undefined
    }
    issued.wrongGuesses++
    if (issued.wrongGuesses < CODE_LIMITS.wrongGuesses) return 'wrong'
    end(issued, 'burnt')
    return 'burnt'
  }

  function end(issued: Issued, outcome: 'claimed' | 'burnt'): void {
    issued.state = outcome
    issued.settle(outcome)
  }

  async function isHeld(key: Uint8Array, signal: AbortSignal | undefined): Promise<boolean> {
    const late = timeoutSignal(LOOK_MS)
    try {
      for await (const _ of rendezvous.find(key, { signal: signal ? AbortSignal.any([signal, late]) : late })) return true
    } catch {
      signal?.throwIfAborted() // otherwise nobody could be asked
    }
    return false
  }

  function forget(number: string): void {
    const issued = codes.get(number)
    codes.delete(number)
    void issued?.hold.release().catch(() => {})
  }

  return {
    start(): void {
      const { maxInbound, maxInboundPerPeer, turnMs } = CODE_LIMITS
      const onWay = (way: Way) => {
        const turns = createLockstep(way, { turnMs })
        serve(way, turns).then(turns.close, (error: unknown) => turns.abort(error as Error))
      }
      unhandle = ways.handle(SHARE_CODE_PROTOCOL, onWay, { maxInbound, maxInboundPerPeer })
    },
    stop(): void {
      unhandle?.()
      for (const [number, { settle }] of codes) {
        settle('cancelled')
        forget(number)
      }
    },
    /** Resolves once others can find it. @throws {MayflyError} ERR_LIMIT @throws signal.reason, when aborted */
    async issue(link: LinkSecrets, { signal }: AbortOptions = {}): Promise<ShareSpokenCode> {
      if (codes.size >= CODE_LIMITS.maxCodes)
        throw new MayflyError('ERR_LIMIT', `Cannot make a code: this peer has the limit of ${CODE_LIMITS.maxCodes}`)
      const words = await loadCodeWords()
      const draw = () => drawCode(words, (limit) => randomBelow(limit, randomBytes))
      let code = draw()
      const isTaken = async () => codes.has(code.nameplate) || (await isHeld(termsOf({ form: 'code', code }).key, signal))
      for (let draws = 1; draws < MAX_DRAWS && (await isTaken()); draws++) code = draw()
      signal?.throwIfAborted()
      forget(code.nameplate)
      const terms = termsOf({ form: 'code', code })
      const settled = Promise.withResolvers<Awaited<ShareSpokenCode['settled']>>()
      const hold = rendezvous.hold(terms.key)
      const number = code.nameplate
      const issued: Issued = { terms, link, hold, wrongGuesses: 0, state: 'open', settle: settled.resolve }
      codes.set(number, issued)
      const expire = (outcome: 'expired' | 'cancelled') => {
        settled.resolve(outcome)
        if (codes.get(number) === issued) forget(number)
      }
      const late = createTimeout(CODE_LIMITS.lifetimeMs)
      onAbort(late.signal, () => expire('expired'))
      await inTime(hold.announced, ANNOUNCE_MS)
      const cancel = async () => {
        late.end()
        expire('cancelled')
      }
      return { code: formatCode(code), expiresAtMs: now() + CODE_LIMITS.lifetimeMs, settled: settled.promise, cancel }
    },
  }
}
