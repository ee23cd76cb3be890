/** The claimer's side of a pairing, as a state machine: fed with frames, asked what to do next. It does no I/O. */

import { concatBytes } from '@noble/hashes/utils.js'
import { MayflyError } from '../../errors.ts'
import { equalBytes } from '../../keys/index.ts'
import { type CpaceExchange, type CpaceKeys, startCpace } from '../format/cpace.ts'
import { NONCE_BYTES, type PairingFrame, type PairingRefusal } from '../format/pairing-frames.ts'
import { associatedOf, commitmentTo, contextOf, openCard, sealCard, type WordsSubject, workSubject } from '../format/pairing-keys.ts'
import type { PairingSecret, SecretKind, SecretTerms } from '../format/token.ts'

export interface ClaimerOptions {
  kind: SecretKind
  form: PairingSecret['form']
  terms: SecretTerms
  /** Peer ids, as the way has proven them. */
  own: string
  remote: string
  /** For the issuer alone: nobody else has the key that it is sealed with. */
  card: Uint8Array
  randomBytes(length: number): Uint8Array
}

export type ClaimerStep =
  | { do: 'send'; frame: PairingFrame }
  /** To be answered with `worked`. */
  | { do: 'work'; subject: Uint8Array; bits: number }
  | { do: 'finish'; card: Uint8Array; words: WordsSubject }
  | { do: 'fail'; refusal: PairingRefusal }

export type Claimer = ReturnType<typeof createClaimer>

export function createClaimer({ kind, form, terms, own, remote, card, randomBytes }: ClaimerOptions) {
  const nonce = new Uint8Array(randomBytes(NONCE_BYTES))
  let awaited: PairingFrame['type'] = 'challenge'
  let exchange: CpaceExchange | undefined
  let sessionId = new Uint8Array()
  let commitment = new Uint8Array()
  let keys: CpaceKeys | undefined
  let issuerShare = new Uint8Array()

  function takeChallenge(frame: Extract<PairingFrame, { type: 'challenge' }>): ClaimerStep {
    sessionId = concatBytes(nonce, frame.nonce)
    commitment = new Uint8Array(frame.commitment)
    const input = { secret: terms.password, context: contextOf(kind, form), sessionId }
    exchange = startCpace(input, 'A', associatedOf(own), randomBytes)
    return { do: 'work', subject: workSubject(remote, own, sessionId), bits: frame.workBits }
  }

  function takeAnswer({ share }: Extract<PairingFrame, { type: 'answer' }>, begun: CpaceExchange): ClaimerStep {
    if (!equalBytes(commitmentTo(share, sessionId), commitment))
      throw new MayflyError('ERR_TOKEN_WRONG', 'The other side changed its share of the key exchange: it is not the one who gave the token')
    issuerShare = new Uint8Array(share)
    keys = begun.finish(share, associatedOf(remote))
    return { do: 'send', frame: { type: 'confirm', tag: keys.tag, card: sealCard(keys.key, 'confirm', card) } }
  }

  function takeAccept(
    frame: Extract<PairingFrame, { type: 'accept' }>,
    begun: CpaceExchange,
    { key, isConfirmedBy }: CpaceKeys,
  ): ClaimerStep {
    if (!isConfirmedBy(frame.tag))
      throw new MayflyError('ERR_TOKEN_WRONG', 'The other side does not know the token or code: it is not the one who gave it')
    return { do: 'finish', card: openCard(key, 'accept', frame.card), words: { claimerShare: begun.share, issuerShare, key } }
  }

  return {
    start: (): PairingFrame => ({ type: 'claim', kind, form, id: terms.id, nonce }),
    /** @throws {MayflyError} ERR_BAD_FRAME (out of turn), ERR_TOKEN_WRONG (the other side does not know the secret) */
    receive(frame: PairingFrame): ClaimerStep {
      if (frame.type === 'refuse') return { do: 'fail', refusal: frame.refusal }
      const isAwaited = frame.type === awaited
      awaited = frame.type === 'challenge' ? 'answer' : 'accept'
      if (isAwaited && frame.type === 'challenge') return takeChallenge(frame)
      if (isAwaited && frame.type === 'answer' && exchange !== undefined) return takeAnswer(frame, exchange)
      if (isAwaited && frame.type === 'accept' && exchange !== undefined && keys !== undefined) {
        const [begun, agreed] = [exchange, keys]
        exchange = undefined // the same frame again is out of turn
        return takeAccept(frame, begun, agreed)
      }
      throw new MayflyError('ERR_BAD_FRAME', `Frame of a pairing out of turn: ${frame.type}`)
    },
    /** All is written down: what to send last. */
    done(card: Uint8Array): PairingFrame {
      if (keys === undefined) throw new TypeError('there was no exchange')
      return { type: 'done', card: sealCard(keys.key, 'done', card) }
    },
    /** The work is done: what to send next. */
    worked(work: Uint8Array): PairingFrame {
      if (exchange === undefined) throw new TypeError('there was no challenge')
      return { type: 'share', share: exchange.share, work }
    },
  }
}
