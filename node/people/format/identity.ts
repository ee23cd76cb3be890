/** Identity of a peer: its place delegates to it, and its account has certified the place. Pure. */

import { createRecentMap } from '../../async/recent-map.ts'
import { MayflyError, type MayflyErrorCode } from '../../errors.ts'
import { sha256AtOnce } from '../../keys/key.ts'
import { encodeKeyHex } from '../../keys/key-text.ts'
import { type Certificate, openCertificate, type PlaceRole } from './certificate.ts'
import { type Delegation, openDelegation } from './delegation.ts'
import { judgeLifetime, type Lifetime } from './lifetime.ts'

/** Both statements by which an instance proves its identity, as they travel. */
export interface IdentityProof {
  certificate: Uint8Array
  delegation: Uint8Array
}

/** The identity of the other end, as it has proven. */
export interface Identity extends IdentityProof {
  /** The account's public key, 32 bytes. */
  account: Uint8Array
  /** The public key of the place where the account lives, 32 bytes. */
  place: Uint8Array
  /** The instance: its peer id in text form. */
  peer: string
  role: PlaceRole
  /** Of the certificate. */
  serial: number
  /** When the first of both statements expires: the proof is refused from then on, and what it has opened may stay. */
  expiresAtMs: number
}

/** The reason why an identity is not believed, in words for the end that showed it. */
export interface IdentityRefusal {
  code: Extract<MayflyErrorCode, 'ERR_FORGED' | 'ERR_OTHER_PEER' | 'ERR_CLOCK' | 'ERR_EXPIRED' | 'ERR_REVOKED'>
  text: string
}

export interface IdentityConditions {
  /** The peer id that the connection has proven, in text form. */
  peer: string
  /** The times by which it is judged, in ms: `Clock.times()`. One that is right is enough. */
  times: readonly number[]
  isRevoked(account: Uint8Array, place: Uint8Array, serial: number): boolean
}

export type VerifyIdentity = (
  proof: IdentityProof,
  conditions: IdentityConditions,
) => { identity: Identity; refusal?: undefined } | { identity?: undefined; refusal: IdentityRefusal }

/** Two signatures are checked for each instance, and then remembered. Bounded: `maxEntries`, of some 700 bytes each. */
export function createIdentityVerifier({ maxEntries = 2_048 } = {}): VerifyIdentity {
  const known = createRecentMap<string, { certificate: Certificate; delegation: Delegation }>({ maxEntries })

  /** @throws {MayflyError} ERR_FORGED, ERR_BAD_FRAME */
  function open(proof: IdentityProof) {
    const certificate = openCertificate(proof.certificate)
    const delegation = openDelegation(proof.delegation)
    if (encodeKeyHex(delegation.place) !== encodeKeyHex(certificate.place))
      throw new MayflyError('ERR_FORGED', 'The delegation is not by the place of the certificate')
    return { certificate, delegation }
  }

  return (proof, { peer, times, isRevoked }) => {
    let opened: ReturnType<typeof open>
    try {
      opened = known.getOrCreate(nameOf(proof), () => open(proof))
    } catch (error) {
      if (error instanceof MayflyError) return refuse('ERR_FORGED', `This is not a proof of who one is: ${error.message}`)
      throw error
    }
    const { certificate, delegation } = opened
    const { account, place, role, serial } = certificate
    if (delegation.peer !== peer) return refuse('ERR_OTHER_PEER', 'The delegation is for another peer than the one that showed it')
    const late = [certificate, delegation].find((statement) => judgeLifetime(statement, times) !== 'good')
    if (late !== undefined) return refuseTime(late, late === certificate, times)
    if (isRevoked(account, place, serial)) return refuse('ERR_REVOKED', 'The account has revoked this place')
    const expiresAtMs = Math.min(certificate.expiresAtMs, delegation.expiresAtMs)
    return { identity: { account, place, peer, role, serial, expiresAtMs, certificate: certificate.bytes, delegation: delegation.bytes } }
  }
}

/** The same bytes have the same name. */
function nameOf({ certificate, delegation }: IdentityProof): string {
  return encodeKeyHex(sha256AtOnce(certificate)) + encodeKeyHex(sha256AtOnce(delegation))
}

function refuse(code: IdentityRefusal['code'], text: string) {
  return { refusal: { code, text } }
}

function refuseTime(statement: Lifetime, isCertificate: boolean, times: readonly number[]) {
  const noun = isCertificate ? 'certificate of this place' : 'delegation to this peer'
  if (judgeLifetime(statement, times) === 'early')
    return refuse('ERR_CLOCK', `The ${noun} is from the future: one of the two clocks is wrong`)
  const ended = new Date(statement.expiresAtMs).toISOString().slice(0, 10)
  const help = isCertificate ? ': open the account in a place that has its recovery words, which renews it' : ''
  return refuse('ERR_EXPIRED', `The ${noun} ended on ${ended}${help}`)
}
