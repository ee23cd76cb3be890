import { expect, test } from 'vitest'
import { sha256AtOnce } from '../../../node/keys/index.ts'
import { isTapProved, signTapProof, TAP_PROOF_MS } from '../../../node/messages/format/proof.ts'
import { createMessageSecret, publicKeyOf } from '../../../node/messages/index.ts'

const NOW_MS = 1_760_000_000_000
const secret = createMessageSecret()
const end = sha256AtOnce(publicKeyOf(secret))
const home = new Uint8Array(38).fill(1)
const proof = signTapProof(secret, home, NOW_MS)

test('tap proof: is good for its hashname, its home, and its time', () => {
  expect(isTapProved(end, proof, home, NOW_MS)).toBe(true)
  for (const skew of [-TAP_PROOF_MS, TAP_PROOF_MS]) expect(isTapProved(end, proof, home, NOW_MS + skew)).toBe(true)
})

test.each<[what: string, isProved: () => boolean]>([
  ['another hashname', () => isTapProved(new Uint8Array(32), proof, home, NOW_MS)],
  ['another home', () => isTapProved(end, proof, new Uint8Array(38).fill(2), NOW_MS)],
  ['a time that is long past', () => isTapProved(end, proof, home, NOW_MS + TAP_PROOF_MS + 1)],
  ['a time that is far ahead', () => isTapProved(end, proof, home, NOW_MS - TAP_PROOF_MS - 1)],
  ['another number', () => isTapProved(end, { ...proof, nonce: new Uint8Array(16) }, home, NOW_MS)],
  ['another time that is near', () => isTapProved(end, { ...proof, atMs: NOW_MS + 1 }, home, NOW_MS)],
  [
    'somebody else',
    () => isTapProved(end, { ...signTapProof(createMessageSecret(), home, NOW_MS), publicKey: proof.publicKey }, home, NOW_MS),
  ],
])('tap proof: is good for nothing else: %s', (_, isProved) => {
  expect(isProved()).toBe(false)
})
