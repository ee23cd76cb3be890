/** The exchange that WIRE.md shows: both ends with keys and random bytes that are no secret. */

import { wordlist } from '@scure/bip39/wordlists/english.js'
import { encodeFrame } from '../../node/network/index.ts'
import { encodePairingFrame, type PairingFrame } from '../../node/people/format/pairing-frames.ts'
import { type PairingEnd, verificationWords } from '../../node/people/format/pairing-keys.ts'
import { type PairingSecret, termsOf } from '../../node/people/format/token.ts'
import { type ClaimerStep, createClaimer } from '../../node/people/pairing/claimer.ts'
import { createIssuer } from '../../node/people/pairing/issuer.ts'
import { findWork } from '../../node/people/pairing/work.ts'

const filled = (byte: number) => new Uint8Array(32).fill(byte)

export const EXAMPLE_TOKEN: PairingSecret = { form: 'token', token: new Uint8Array(16).fill(0xa5) }
export const EXAMPLE_CODE: PairingSecret = { form: 'code', code: { nameplate: '0742', words: ['guitar', 'mango'] } }

export const EXAMPLE_ENDS: { claimer: PairingEnd; issuer: PairingEnd } = {
  claimer: { peer: '12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf', account: filled(1), place: filled(2) },
  issuer: { peer: '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo', account: filled(3), place: filled(4) },
}

export async function runPairingExample() {
  const terms = termsOf(EXAMPLE_CODE)
  const { claimer: own, issuer: remote } = EXAMPLE_ENDS
  const bytes = (byte: number) => (length: number) => new Uint8Array(length).fill(byte)
  const card = Uint8Array.of(7)
  const claimer = createClaimer({ kind: 'contact', form: 'code', terms, own, remote, card, randomBytes: bytes(5) })
  const lookUp = () => ({ password: terms.password, workBits: 8 })
  const issuer = createIssuer({ own: remote, remote: own, lookUp, randomBytes: bytes(6) })
  const frames = new Map<string, Uint8Array>()
  const keep = <T extends PairingFrame>(frame: T): T => {
    frames.set(frame.type, encodeFrame(encodePairingFrame(frame)))
    return frame
  }
  let step: ClaimerStep = { do: 'send', frame: claimer.start() }
  while (step.do !== 'finish' && step.do !== 'fail') {
    const frame: PairingFrame = step.do === 'send' ? step.frame : claimer.worked(await findWork(step.subject, step.bits))
    const answer = issuer.receive(keep(frame))
    if (answer.do === 'check' && answer.check() === undefined) throw new Error('the guess is wrong')
    step = claimer.receive(keep(answer.do === 'check' ? issuer.accept(Uint8Array.of(8)) : answer.frame))
  }
  if (step.do === 'fail') throw new Error(step.refusal)
  return { frames, words: verificationWords(step.words, wordlist), card: step.card }
}
