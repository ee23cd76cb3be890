/** The exchange that WIRE.md shows: both ends with keys and random bytes that are no secret. */

import { wordlist } from '@scure/bip39/wordlists/english.js'
import { encodeFrame } from '../../node/network/index.ts'
import { encodePairingFrame, type PairingFrame } from '../../node/people/format/pairing-frames.ts'
import { verificationWords } from '../../node/people/format/pairing-keys.ts'
import { type PairingSecret, termsOf } from '../../node/people/format/token.ts'
import { type ClaimerStep, createClaimer } from '../../node/people/pairing/claimer.ts'
import { createIssuer } from '../../node/people/pairing/issuer.ts'
import { findWork } from '../../node/people/pairing/work.ts'

export const EXAMPLE_TOKEN: PairingSecret = { form: 'token', token: new Uint8Array(16).fill(0xa5) }
export const EXAMPLE_CODE: PairingSecret = { form: 'code', code: { nameplate: '0742', words: ['guitar', 'mango'] } }

/** Peer ids, and the public keys of both accounts. */
export const EXAMPLE_ENDS = {
  claimer: '12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf',
  issuer: '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo',
}
export const EXAMPLE_ACCOUNTS: [Uint8Array, Uint8Array] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(3)]

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
    if (answer.do === 'finish') throw new Error('out of turn')
    if (answer.do === 'check' && answer.check() === undefined) throw new Error('the guess is wrong')
    step = claimer.receive(keep(answer.do === 'check' ? issuer.accept(Uint8Array.of(8)) : answer.frame))
  }
  if (step.do === 'fail') throw new Error(step.refusal)
  const last = issuer.receive(keep(claimer.done(Uint8Array.of(9))))
  if (last.do !== 'finish') throw new Error('an end was expected')
  return { frames, words: verificationWords(step.words, EXAMPLE_ACCOUNTS, wordlist), cards: [step.card, last.card] }
}
