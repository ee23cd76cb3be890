import { beforeAll, describe, expect, test } from 'vitest'
import { accountSigner } from '../../../node/people/format/account-key.ts'
import { signCertificate } from '../../../node/people/format/certificate.ts'
import { signDelegation } from '../../../node/people/format/delegation.ts'
import { createIdentityVerifier, type IdentityConditions, type IdentityProof } from '../../../node/people/format/identity.ts'
import { signerOf } from '../../../node/people/format/signed-form.ts'

const NOW_MS = 1_760_000_000_000
const HOUR_MS = 3_600_000
const account = accountSigner(new Uint8Array(16).fill(7))
const place = signerOf(new Uint8Array(32).fill(1))
const conditions: IdentityConditions = { peer: 'peerA', times: [NOW_MS], isRevoked: () => false }

async function prove({
  serial = 1,
  fromMs = NOW_MS - 10,
  lifeMs = 100 * HOUR_MS,
  by = place,
  dayMs = HOUR_MS,
  dayFromMs = NOW_MS - 10,
} = {}) {
  return {
    certificate: await signCertificate(account, {
      place: place.publicKey,
      role: 'device',
      serial,
      issuedAtMs: fromMs,
      expiresAtMs: fromMs + lifeMs,
    }),
    delegation: await signDelegation(by, { peer: 'peerA', issuedAtMs: dayFromMs, expiresAtMs: dayFromMs + dayMs }),
  }
}

describe('identities', () => {
  let proof: IdentityProof
  beforeAll(async () => {
    proof = await prove({ serial: 3 })
  })
  const refusalOf = (shown: IdentityProof, changes: Partial<IdentityConditions> = {}) =>
    createIdentityVerifier()(shown, { ...conditions, ...changes }).refusal?.code

  test('both statements tell account, place, peer, role and serial, and when the first of them expires', () => {
    expect(createIdentityVerifier()(proof, conditions).identity).toEqual({
      account: account.publicKey,
      place: place.publicKey,
      peer: 'peerA',
      role: 'device',
      serial: 3,
      expiresAtMs: NOW_MS - 10 + HOUR_MS,
      ...proof,
    })
  })

  test('forged ones are refused: bytes of any kind, a signature of another key, a delegation by another place', async () => {
    const other = signerOf(new Uint8Array(32).fill(2))
    const posing = { publicKey: place.publicKey, sign: other.sign }
    const shown = [
      { ...proof, certificate: new Uint8Array(0) },
      { ...proof, delegation: proof.certificate },
      { certificate: proof.delegation, delegation: proof.certificate },
      await prove({ by: other }),
      await prove({ by: posing }),
    ]
    expect(shown.map((each) => refusalOf(each))).toEqual(shown.map(() => 'ERR_FORGED'))
  })

  test('one that another peer shows is refused', () => expect(refusalOf(proof, { peer: 'peerB' })).toBe('ERR_OTHER_PEER'))

  test('one is good until it expires by the network clock, and where two clocks are possible by either of them', async () => {
    const endMs = NOW_MS - 10 + HOUR_MS
    expect(refusalOf(proof, { times: [endMs - 1] })).toBeUndefined()
    expect(refusalOf(proof, { times: [endMs] })).toBe('ERR_EXPIRED')
    expect(refusalOf(proof, { times: [endMs, endMs - 1] })).toBeUndefined()
    const oldCertificate = await prove({ lifeMs: HOUR_MS / 2 })
    expect(refusalOf(oldCertificate, { times: [NOW_MS + HOUR_MS / 2] })).toBe('ERR_EXPIRED')
  })

  test('one from the future is refused beyond a minute', async () => {
    expect(refusalOf(await prove({ dayFromMs: NOW_MS + 60_000 }))).toBeUndefined()
    expect(refusalOf(await prove({ dayFromMs: NOW_MS + 60_001 }))).toBe('ERR_CLOCK')
    expect(refusalOf(await prove({ fromMs: NOW_MS + 60_001 }))).toBe('ERR_CLOCK')
  })

  test('one of a revoked place is refused, also when it is known from before', () => {
    const verify = createIdentityVerifier()
    expect(verify(proof, conditions).identity).toBeDefined()
    const asked: unknown[] = []
    const isRevoked = (...given: unknown[]) => asked.push(given) > 0
    expect(verify(proof, { ...conditions, isRevoked }).refusal?.code).toBe('ERR_REVOKED')
    expect(asked).toEqual([[account.publicKey, place.publicKey, 3]])
  })

  test('a known one is not checked again, one that differs in a byte is, and a forged one is not remembered', () => {
    const verify = createIdentityVerifier({ maxEntries: 1 })
    const changed = { ...proof, delegation: proof.delegation.with(-1 + proof.delegation.length, 0xff) }
    const first = verify(proof, conditions).identity
    expect(verify(changed, conditions).refusal?.code).toBe('ERR_FORGED')
    const again = verify({ certificate: proof.certificate.slice(), delegation: proof.delegation.slice() }, conditions).identity
    expect(again?.certificate).toBe(first?.certificate) // the bytes that were opened the first time
  })
})
