/** The issuer's side of a pairing, as a state machine: fed with frames, asked what to do next. It does no I/O. */

import { concatBytes } from '@noble/hashes/utils.js'
import { MayflyError } from '../../errors.ts'
import { type CpaceExchange, type CpaceKeys, startCpace } from '../format/cpace.ts'
import { type ClaimFrame, NONCE_BYTES, type PairingFrame, type PairingRefusal } from '../format/pairing-frames.ts'
import {
  associatedOf,
  commitmentTo,
  contextOf,
  isWorkDone,
  openCard,
  sealCard,
  type WordsSubject,
  workSubject,
} from '../format/pairing-keys.ts'

export interface IssuedSecret {
  password: Uint8Array
  /** Work that the claimer does before it may guess, in bits. */
  workBits: number
}

export interface IssuerOptions {
  /** Peer ids, as the way has proven them. */
  own: string
  remote: string
  /** The secret that is claimed, or why not. */
  lookUp(claim: ClaimFrame): IssuedSecret | PairingRefusal
  randomBytes(length: number): Uint8Array
}

export type IssuerStep =
  | { do: 'send'; frame: PairingFrame }
  /** The claimer has guessed. `check` tells once whether it guessed right, to be asked when a wrong guess can be counted. */
  | { do: 'check'; check(): { card: Uint8Array; words: WordsSubject } | undefined }
  /** The claimer has written all down. */
  | { do: 'finish'; card: Uint8Array }

export type Issuer = ReturnType<typeof createIssuer>

export function createIssuer({ own, remote, lookUp, randomBytes }: IssuerOptions) {
  let awaited: PairingFrame['type'] = 'claim'
  let exchange: CpaceExchange | undefined
  let keys: CpaceKeys | undefined
  let sessionId = new Uint8Array()
  let workBits = 0
  let claimerShare = new Uint8Array()

  const refuse = (refusal: PairingRefusal): IssuerStep => ({ do: 'send', frame: { type: 'refuse', refusal } })

  function takeClaim(frame: ClaimFrame): IssuerStep {
    const found = lookUp(frame)
    if (typeof found === 'string') return refuse(found)
    const nonce = new Uint8Array(randomBytes(NONCE_BYTES))
    sessionId = concatBytes(frame.nonce, nonce)
    workBits = found.workBits
    const input = { secret: found.password, context: contextOf(frame.kind, frame.form), sessionId }
    exchange = startCpace(input, 'B', associatedOf(own), randomBytes)
    return { do: 'send', frame: { type: 'challenge', nonce, commitment: commitmentTo(exchange.share, sessionId), workBits } }
  }

  function takeShare({ share, work }: Extract<PairingFrame, { type: 'share' }>, begun: CpaceExchange): IssuerStep {
    if (!isWorkDone(workSubject(own, remote, sessionId), workBits, work))
      throw new MayflyError('ERR_BAD_FRAME', 'The work before a guess was not done')
    claimerShare = new Uint8Array(share)
    keys = begun.finish(share, associatedOf(remote))
    return { do: 'send', frame: { type: 'answer', share: begun.share } }
  }

  function takeConfirm(
    { tag, card }: Extract<PairingFrame, { type: 'confirm' }>,
    begun: CpaceExchange,
    { key, isConfirmedBy }: CpaceKeys,
  ): IssuerStep {
    return {
      do: 'check',
      check() {
        if (!isConfirmedBy(tag)) return undefined
        return { card: openCard(key, 'confirm', card), words: { claimerShare, issuerShare: begun.share, key } }
      },
    }
  }

  return {
    /** @throws {MayflyError} ERR_BAD_FRAME: out of turn, without its work, or with a share that is none */
    receive(frame: PairingFrame): IssuerStep {
      const isAwaited = frame.type === awaited
      awaited = frame.type === 'claim' ? 'share' : 'confirm'
      if (isAwaited && frame.type === 'claim') return takeClaim(frame)
      if (isAwaited && frame.type === 'share' && exchange !== undefined) return takeShare(frame, exchange)
      if (isAwaited && frame.type === 'confirm' && exchange !== undefined && keys !== undefined) {
        const [begun, agreed] = [exchange, keys]
        exchange = undefined // one exchange is one guess
        return takeConfirm(frame, begun, agreed)
      }
      if (isAwaited && frame.type === 'done' && keys !== undefined) return { do: 'finish', card: openCard(keys.key, 'done', frame.card) }
      throw new MayflyError('ERR_BAD_FRAME', `Frame of a pairing out of turn: ${frame.type}`)
    },
    /** The guess was right and the claim is written down: what to send. */
    accept(card: Uint8Array): PairingFrame {
      if (keys === undefined) throw new TypeError('there was no guess')
      awaited = 'done'
      return { type: 'accept', tag: keys.tag, card: sealCard(keys.key, 'accept', card) }
    },
  }
}
