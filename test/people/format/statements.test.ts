/** The statements of people: as WIRE.md shows them, refused when any part of them was changed, and valid for one purpose alone. */

import { decode, encode } from 'cborg'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { MayflyError } from '../../../node/errors.ts'
import { accountSigner, keyIdOf } from '../../../node/people/format/account-key.ts'
import { CERTIFICATE_LIMITS, openCertificate, signCertificate } from '../../../node/people/format/certificate.ts'
import { DELEGATION_LIMITS, openDelegation, signDelegation } from '../../../node/people/format/delegation.ts'
import { MAX_REVOCATION_BYTES, openRevocation, signRevocation } from '../../../node/people/format/revocation.ts'
import { type Signer, signerOf } from '../../../node/people/format/signed-form.ts'
import { MAX_TRUST_STATEMENT_BYTES, openTrust, signTrust } from '../../../node/people/format/trust-statement.ts'
import { readWirePage, type WirePage } from '../../helpers/wire-page.ts'

const AT_MS = 1_760_000_000_000
const PEER = '12D3KooWDSL1mzj3HKsbrsDkYsgmDZLq5dcHWVhHQXuBCkdVJmuH'
const account = accountSigner(new Uint8Array(16).fill(7))
const trusted = accountSigner(new Uint8Array(16).fill(8)).publicKey
const place = signerOf(new Uint8Array(32).fill(1))
const certificateTerms = {
  place: place.publicKey,
  role: 'owner' as const,
  serial: 1,
  issuedAtMs: AT_MS,
  expiresAtMs: AT_MS + CERTIFICATE_LIMITS.lifetimeMs,
}
const delegationTerms = { peer: PEER, issuedAtMs: AT_MS, expiresAtMs: AT_MS + DELEGATION_LIMITS.lifetimeMs }
const revocationTerms = { place: place.publicKey, serial: CERTIFICATE_LIMITS.maxSerial, atMs: AT_MS + 5 }

let page: WirePage
let certificate: Uint8Array
beforeAll(async () => {
  page = await readWirePage('node/people/WIRE.md')
  certificate = await signCertificate(account, certificateTerms)
})

/** Each statement: made by any signer, and opened. */
const STATEMENTS: {
  name: string
  owner: Signer
  sign(by: Signer): Promise<Uint8Array>
  open(bytes: Uint8Array): object
  fields: string[]
  is(): object
}[] = [
  {
    name: 'certificate',
    owner: account,
    sign: (by) => signCertificate(by, certificateTerms),
    open: openCertificate,
    fields: ['version', 'account', 'place', 'role', 'serial', 'issued', 'expires'],
    is: () => ({ ...certificateTerms, account: account.publicKey }),
  },
  {
    name: 'delegation',
    owner: place,
    sign: (by) => signDelegation(by, delegationTerms),
    open: openDelegation,
    fields: ['version', 'place', 'peer', 'issued', 'expires'],
    is: () => ({ ...delegationTerms, place: place.publicKey }),
  },
  {
    name: 'revocation',
    owner: account,
    sign: (by) => signRevocation(by, revocationTerms),
    open: openRevocation,
    fields: ['version', 'account', 'place', 'serial', 'at'],
    is: () => ({ ...revocationTerms, account: account.publicKey }),
  },
  {
    name: 'trust',
    owner: place,
    sign: (by) => signTrust(by, { certificate, trusted, atMs: AT_MS + 5 }),
    open: openTrust,
    fields: ['version', 'certificate', 'trusted', 'at'],
    is: () => ({ trusted, atMs: AT_MS + 5, certificate: openCertificate(certificate) }),
  },
]

function codeOf(run: () => unknown): string {
  try {
    run()
    return 'none'
  } catch (error) {
    return error instanceof MayflyError ? error.code : `not of ours: ${String(error)}`
  }
}

/** The statement with another signed part under its old signature. */
function withPart(bytes: Uint8Array, change: (part: unknown[]) => unknown[]): Uint8Array {
  const [part, signature] = decode(bytes) as [Uint8Array, Uint8Array]
  return Uint8Array.from(encode([Uint8Array.from(encode(change(decode(part)))), signature]))
}

/** Another value that fits in the place of this one. */
function otherThan(value: unknown): unknown {
  if (typeof value === 'number') return value === 0 ? 1 : value - 1
  if (typeof value === 'string') return value.replace(/.$/, (last) => (last === 'H' ? 'J' : 'H'))
  return (value as Uint8Array).map((byte, i, { length }) => (i === length - 1 ? byte ^ 1 : byte))
}

describe.each(STATEMENTS)('statements: a $name', ({ name, owner, sign, open, fields, is }) => {
  test('is as the page shows it, and says what was signed', async () => {
    const bytes = await sign(owner)
    expect(bytes).toEqual(page.examples.get(name))
    expect(open(bytes)).toEqual({ ...is(), bytes })
  })

  test.each(fields)('with another %s is refused', async (field) => {
    const bytes = await sign(owner)
    const changed = withPart(bytes, (part) => part.with(fields.indexOf(field), otherThan(part[fields.indexOf(field)])))
    expect(changed).not.toEqual(bytes)
    // Numbers at their limits have another form then.
    const isNumber = /version|serial|issued|expires/.test(field)
    expect(codeOf(() => open(changed))).toMatch(isNumber ? /^ERR_(BAD_FRAME|FORGED)$/ : /^ERR_FORGED$/)
  })

  test('by another key, or with one entry more, is refused', async () => {
    const other = signerOf(new Uint8Array(32).fill(99))
    const forged = await sign({ publicKey: owner.publicKey, sign: other.sign })
    expect(codeOf(() => open(forged))).toBe('ERR_FORGED')
    expect(codeOf(() => open(withPart(forged, (part) => [...part, 1])))).toBe('ERR_BAD_FRAME')
  })

  test('with any bit changed is refused, and so is whatever is no statement', async () => {
    const bytes = await sign(owner)
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
        expect(codeOf(() => open(changed))).toMatch(/^ERR_(BAD_FRAME|FORGED)$/)
      }),
      { numRuns: 60 },
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => void expect(codeOf(() => open(noise))).toBe('ERR_BAD_FRAME')))
  })

  test('is no statement of another kind', async () => {
    const bytes = await sign(owner)
    const others = STATEMENTS.filter((statement) => statement.name !== name)
    for (const other of others) expect(codeOf(() => other.open(bytes))).toBe('ERR_BAD_FRAME')
  })
})

test('statements: a signature is for one domain: the same part is no other statement', async () => {
  // A revocation has the entries of a certificate but two; here both have the same part, signed by the same key.
  const revocation = await signRevocation(account, { place: place.publicKey, serial: 1, atMs: AT_MS })
  const [part] = decode(revocation) as [Uint8Array]
  const asMessage = await account.sign(Uint8Array.from([...new TextEncoder().encode('mayfly-message:'), ...part]))
  expect(codeOf(() => openRevocation(Uint8Array.from(encode([part, asMessage]))))).toBe('ERR_FORGED')
})

describe('statements: bad terms are refused though they are signed', () => {
  const day = 86_400_000
  test.each([
    [
      'a certificate for 401 days',
      () => signCertificate(account, { ...certificateTerms, expiresAtMs: AT_MS + 401 * day }),
      openCertificate,
    ],
    ['a certificate that ends as it begins', () => signCertificate(account, { ...certificateTerms, expiresAtMs: AT_MS }), openCertificate],
    ['a certificate with the serial 0', () => signCertificate(account, { ...certificateTerms, serial: 0 }), openCertificate],
    ['a certificate with a short key', () => signCertificate(account, { ...certificateTerms, place: new Uint8Array(31) }), openCertificate],
    ['a delegation for 25 hours', () => signDelegation(place, { ...delegationTerms, expiresAtMs: AT_MS + 25 * 3_600_000 }), openDelegation],
    ['a delegation to a text that is no peer id', () => signDelegation(place, { ...delegationTerms, peer: 'a b' }), openDelegation],
    ['trust before the certificate', () => signTrust(place, { certificate, trusted, atMs: AT_MS - 1 }), openTrust],
    ['trust after the certificate', () => signTrust(place, { certificate, trusted, atMs: certificateTerms.expiresAtMs }), openTrust],
  ] as const)('%s', async (_, sign, open) => {
    const bytes = await sign()
    expect(codeOf(() => open(bytes))).toBe('ERR_BAD_FRAME')
  })

  test('trust under a certificate that is forged', async () => {
    const forged = await signCertificate({ ...signerOf(new Uint8Array(32).fill(9)), publicKey: account.publicKey }, certificateTerms)
    const bytes = await signTrust(place, { certificate: forged, trusted, atMs: AT_MS + 5 })
    expect(codeOf(() => openTrust(bytes))).toBe('ERR_FORGED')
  })
})

test('statements: any terms come back as they were signed, within the stated size', async () => {
  const time = fc.integer({ min: 0, max: 4_000_000_000_000 })
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
  await fc.assert(
    fc.asyncProperty(
      key,
      fc.integer({ min: 1, max: 0xffff_ffff }),
      time,
      fc.integer({ min: 1, max: 34_560_000_000 }),
      async (of, serial, at, life) => {
        const terms = { place: of, role: 'device' as const, serial, issuedAtMs: at, expiresAtMs: at + life }
        expect(openCertificate(await signCertificate(account, terms))).toMatchObject(terms)
        const revocation = await signRevocation(account, { place: of, serial, atMs: at })
        expect(openRevocation(revocation)).toMatchObject({ place: of, serial, atMs: at })
        expect(revocation.byteLength).toBeLessThanOrEqual(MAX_REVOCATION_BYTES)
      },
    ),
    { numRuns: 20 },
  )
  const largest = await signCertificate(account, { ...certificateTerms, serial: 0xffff_ffff })
  const trust = await signTrust(place, { certificate: largest, trusted, atMs: AT_MS + 5 })
  expect(openTrust(trust).certificate.serial).toBe(0xffff_ffff)
  expect(trust.byteLength).toBeLessThanOrEqual(MAX_TRUST_STATEMENT_BYTES)
})

test('statements: the account of the page is derived from its 16 bytes, and its id has 52 characters', () => {
  expect(account.publicKey).toEqual(page.examples.get('public key of the account'))
  expect(keyIdOf(account.publicKey)).toMatch(/^[a-z2-7]{52}$/)
})
