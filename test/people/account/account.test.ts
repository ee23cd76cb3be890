import { describe, expect, test } from 'vitest'
import { adoptAccount, openAccount } from '../../../node/people/account/open-account.ts'
import { type AccountStore, createMemoryAccountStore } from '../../../node/people/account/store.ts'
import { keyIdOf } from '../../../node/people/format/account-key.ts'
import { CERTIFICATE_LIMITS, openCertificate } from '../../../node/people/format/certificate.ts'
import { createIdentityVerifier, type IdentityProof } from '../../../node/people/format/identity.ts'
import { openTrust } from '../../../node/people/format/trust-statement.ts'
import type { AccountChoice } from '../../../node/people/types.ts'

const START_MS = 1_760_000_000_000
const DAY_MS = 86_400_000
const PEER = 'peerA'

/** A clock that is set by hand, and accounts that go by it. */
function createWorld() {
  const clock = { nowMs: START_MS }
  return {
    clock,
    open: (store: AccountStore, choice: AccountChoice = { kind: 'kept' }, placeName?: string) =>
      openAccount(store, choice, { now: () => clock.nowMs, ...(placeName !== undefined && { placeName }) }),
    refusalOf(proof: IdentityProof, isRevoked: (account: Uint8Array, place: Uint8Array, serial: number) => boolean = () => false) {
      return createIdentityVerifier()(proof, { peer: PEER, times: [clock.nowMs], isRevoked }).refusal?.code
    },
  }
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    ({ code }) => code,
  )

describe('accounts', () => {
  test('a new account is kept by its store: opened again it is the same one, at the same place', async () => {
    const { open, refusalOf } = createWorld()
    const store = createMemoryAccountStore()
    const first = await open(store, { kind: 'kept' }, 'my laptop')
    const again = await open(store)
    expect(again.id).toBe(first.id)
    expect(first.id).toBe(keyIdOf(first.publicKey))
    expect(again.places()).toEqual([
      {
        id: keyIdOf(store.place.publicKey),
        name: 'my laptop',
        role: 'owner',
        serial: 1,
        expiresAtMs: START_MS + CERTIFICATE_LIMITS.lifetimeMs,
        isThis: true,
        isRevoked: false,
      },
    ])
    expect([again.isOwner, again.livesInOnePlaceOnly]).toEqual([true, true])
    expect(refusalOf(await again.identityFor(PEER))).toBeUndefined()
  })

  test('of two tabs that come first at once, both have one account, and both can prove it', async () => {
    const { open, refusalOf } = createWorld()
    const store = createMemoryAccountStore()
    const [a, b] = await Promise.all([open(store), open(store)])
    expect(a.id).toBe(b.id)
    expect(await a.words()).toEqual(await b.words())
    for (const each of [a, b]) expect(refusalOf(await each.identityFor(PEER))).toBeUndefined()
    expect(a.places()).toHaveLength(1)
  })

  test('a guest is another account each time, leaves nothing in the store, and is not kept', async () => {
    const { open } = createWorld()
    const store = createMemoryAccountStore()
    const [a, b] = [await open(store, { kind: 'guest' }), await open(store, { kind: 'guest' })]
    expect(a.id).not.toBe(b.id)
    expect([a.isKept, a.store === store, await store.load('account')]).toEqual([false, false, undefined])
  })

  test('recovered from its words in another store it has the same id, and its new place is trusted by the account key alone', async () => {
    const { open } = createWorld()
    const lost = await open(createMemoryAccountStore())
    const words = (await lost.words()).map((word) => word.toUpperCase()).join('  ')
    const recovered = await open(createMemoryAccountStore(), { kind: 'words', words })
    expect(recovered.id).toBe(lost.id)
    const proof = await recovered.identityFor(PEER)
    const { identity } = createIdentityVerifier()(proof, { peer: PEER, times: [START_MS], isRevoked: () => false })
    expect(identity?.account).toEqual(lost.publicKey) // as a contact knows it
    expect(identity?.place).not.toEqual((await lost.identityFor(PEER)).certificate)
    expect(await codeOf(open(createMemoryAccountStore(), { kind: 'words', words: words.replace(/^\w+/, 'mayfly') }))).toBe('ERR_BAD_WORDS')
  })

  test('another account does not take the place of one that is kept, and nothing of that one is lost', async () => {
    const { open } = createWorld()
    const store = createMemoryAccountStore()
    const kept = await open(store)
    const other = await open(createMemoryAccountStore())
    expect(await codeOf(open(store, { kind: 'words', words: (await other.words()).join(' ') }))).toBe('ERR_REFUSED')
    const same = await open(store, { kind: 'words', words: (await kept.words()).join(' ') })
    expect([same.id, same.places().length]).toEqual([kept.id, 1])
  })

  test('a certificate is renewed at half of its life with the next serial, a delegation at half of a day', async () => {
    const { clock, open, refusalOf } = createWorld()
    const account = await open(createMemoryAccountStore())
    const first = await account.identityFor(PEER)
    clock.nowMs += DAY_MS / 2 - 1
    expect(await account.identityFor(PEER)).toEqual(first)
    clock.nowMs += 1
    const second = await account.identityFor(PEER)
    expect(second.certificate).toEqual(first.certificate)
    expect(second.delegation).not.toEqual(first.delegation)
    clock.nowMs += CERTIFICATE_LIMITS.lifetimeMs / 2
    const third = await account.identityFor(PEER)
    expect(openCertificate(third.certificate).serial).toBe(2)
    clock.nowMs += CERTIFICATE_LIMITS.lifetimeMs / 2 // longer than the first was good for
    expect(refusalOf(third)).toBe('ERR_EXPIRED') // its delegation
    expect(refusalOf(await account.identityFor(PEER))).toBeUndefined()
  })

  test('after the clock was set back, what is shown is not from the future', async () => {
    const { clock, open, refusalOf } = createWorld()
    const account = await open(createMemoryAccountStore())
    await account.identityFor(PEER)
    clock.nowMs -= 10 * DAY_MS
    expect(refusalOf(await account.identityFor(PEER))).toBeUndefined()
  })

  test('a statement of trust names both accounts, and is by this place', async () => {
    const { open } = createWorld()
    const [a, b] = [await open(createMemoryAccountStore()), await open(createMemoryAccountStore())]
    const statement = openTrust(await a.signTrust(b.publicKey))
    expect([statement.certificate.account, statement.certificate.place, statement.trusted]).toEqual([
      a.publicKey,
      a.store.place.publicKey,
      b.publicKey,
    ])
  })
})

describe('places of an account', () => {
  async function createTwoPlaces(role: 'owner' | 'device') {
    const world = createWorld()
    const owner = await world.open(createMemoryAccountStore(), { kind: 'kept' }, 'laptop')
    const store = createMemoryAccountStore()
    const grant = await owner.grantPlace(store.place.publicKey, { role, name: 'phone' })
    await adoptAccount(store, grant)
    const other = await world.open(store)
    await other.sync.merge(owner.sync.entries())
    return { ...world, owner, other, grant, otherId: keyIdOf(store.place.publicKey) }
  }

  test('a device proves the account without its secret; it cannot show words, export, add or revoke', async () => {
    const { owner, other, refusalOf } = await createTwoPlaces('device')
    expect([other.id, other.isOwner, other.livesInOnePlaceOnly]).toEqual([owner.id, false, false])
    expect(refusalOf(await other.identityFor(PEER))).toBeUndefined()
    const refused = [
      other.words(),
      other.exportFile('a long pass phrase'),
      other.grantPlace(new Uint8Array(32).fill(3), { role: 'device', name: 'x' }),
      other.revoke(other.places()[0]?.id ?? ''),
    ]
    expect(await Promise.all(refused.map(codeOf))).toEqual(refused.map(() => 'ERR_REFUSED'))
  })

  test('a second owner has the words', async () => {
    const { owner, other } = await createTwoPlaces('owner')
    expect([other.isOwner, await other.words()]).toEqual([true, await owner.words()])
  })

  test('both know both places, by name, and say so by one digest', async () => {
    const { owner, other } = await createTwoPlaces('device')
    expect(other.places().map(({ name, isThis }) => [name, isThis])).toEqual(
      expect.arrayContaining([
        ['laptop', false],
        ['phone', true],
      ]),
    )
    expect(owner.places()).toHaveLength(2)
    expect(other.sync.digest()).toEqual(owner.sync.digest())
  })

  test('a grant is for one place, and makes no second account of a kept one', async () => {
    const { grant, open } = await createTwoPlaces('owner')
    expect(await codeOf(adoptAccount(createMemoryAccountStore(), grant))).toBe('ERR_FORGED')
    expect(await codeOf(adoptAccount(createMemoryAccountStore(), grant.slice(1)))).toBe('ERR_BAD_FRAME')
    const store = createMemoryAccountStore()
    const kept = await open(store)
    const owner = await open(createMemoryAccountStore())
    expect(await codeOf(adoptAccount(store, await owner.grantPlace(store.place.publicKey, { role: 'device', name: 'x' })))).toBe(
      'ERR_REFUSED',
    )
    expect((await open(store)).id).toBe(kept.id)
  })

  test('a revoked place is refused by all who hold the revocation, and learns of it', async () => {
    const { owner, other, otherId, refusalOf } = await createTwoPlaces('device')
    const proof = await other.identityFor(PEER)
    const news: string[] = []
    other.onChange(() => news.push('changed'))
    await owner.revoke(otherId)
    expect(owner.places().find(({ id }) => id === otherId)?.isRevoked).toBe(true)
    expect(owner.livesInOnePlaceOnly).toBe(true)
    expect(refusalOf(proof, owner.revocations.isRevoked)).toBe('ERR_REVOKED')
    const contact = await createWorld().open(createMemoryAccountStore())
    expect(refusalOf(proof, contact.revocations.isRevoked)).toBeUndefined()
    expect(await contact.revocations.add(owner.publicKey, owner.revocations.of(owner.publicKey))).toBe(true)
    expect(await contact.revocations.add(owner.publicKey, owner.revocations.of(owner.publicKey))).toBe(false)
    expect(refusalOf(proof, contact.revocations.isRevoked)).toBe('ERR_REVOKED')
    await other.sync.merge(owner.sync.entries())
    expect(news.length).toBeGreaterThan(0)
    expect(await codeOf(other.identityFor(PEER))).toBe('ERR_REVOKED')
    expect(await codeOf(owner.grantPlace(other.store.place.publicKey, { role: 'device', name: 'again' }))).toBe('ERR_REVOKED')
    expect(await codeOf(owner.revoke('nobody'))).toBe('ERR_BAD_OPTION')
  })

  test('a revocation outlives the store being opened again, and is not forgotten by a clock that is years ahead', async () => {
    const { clock, owner, other, otherId, open } = await createTwoPlaces('device')
    await owner.revoke(otherId)
    const isKnown = (account: typeof owner) => account.revocations.isRevoked(owner.publicKey, other.store.place.publicKey, 1)
    const again = await open(owner.store)
    expect(isKnown(again)).toBe(true)
    clock.nowMs += 3 * CERTIFICATE_LIMITS.maxLifetimeMs
    for (const byte of [3, 4]) {
      const key = new Uint8Array(32).fill(byte)
      await again.grantPlace(key, { role: 'device', name: 'x' })
      await again.revoke(keyIdOf(key))
    }
    expect([isKnown(again), again.places().length]).toEqual([true, 4])
    clock.nowMs = START_MS
    expect(isKnown(await open(owner.store))).toBe(true)
  })

  test('of more than 64 revocations of one account the oldest are forgotten, and others keep theirs', async () => {
    const { clock, owner, open } = await createTwoPlaces('device')
    const stranger = await open(createMemoryAccountStore())
    await stranger.revoke(stranger.places()[0]?.id ?? '')
    const contact = await open(createMemoryAccountStore())
    await contact.revocations.add(stranger.publicKey, stranger.revocations.of(stranger.publicKey))
    for (let i = 0; i < 65; i++) {
      clock.nowMs += 1
      const key = new Uint8Array(32).fill(100 + i)
      await owner.grantPlace(key, { role: 'device', name: 'x' })
      await owner.revoke(keyIdOf(key))
    }
    await contact.revocations.add(owner.publicKey, owner.revocations.of(owner.publicKey))
    const isKnown = (byte: number) => contact.revocations.isRevoked(owner.publicKey, new Uint8Array(32).fill(byte), 1)
    const counts = [owner, stranger].map(({ publicKey }) => contact.revocations.of(publicKey).length)
    expect([isKnown(100), isKnown(164), counts]).toEqual([false, true, [64, 1]])
    expect(owner.places().map(({ name }) => name)).toEqual(expect.arrayContaining(['laptop', 'phone'])) // revoked ones go first
  })

  test('revocations of another account than the one that sends them are not taken', async () => {
    const { owner, otherId } = await createTwoPlaces('device')
    await owner.revoke(otherId)
    const contact = await createWorld().open(createMemoryAccountStore())
    const statements = owner.revocations.of(owner.publicKey)
    expect(await codeOf(contact.revocations.add(contact.publicKey, statements))).toBe('ERR_FORGED')
    expect(contact.revocations.of(owner.publicKey)).toEqual([])
  })

  test('a device’s certificate is renewed by an owner that meets it, travels by sync, and ends if no owner does', async () => {
    const { clock, owner, other, refusalOf } = await createTwoPlaces('device')
    await owner.renewPlace(other.store.place.publicKey)
    expect(other.sync.digest()).toEqual(owner.sync.digest()) // not due yet
    clock.nowMs += CERTIFICATE_LIMITS.lifetimeMs / 2
    await owner.renewPlace(other.store.place.publicKey)
    await other.sync.merge(owner.sync.entries())
    expect(openCertificate((await other.identityFor(PEER)).certificate).serial).toBe(2)
    clock.nowMs += CERTIFICATE_LIMITS.lifetimeMs - 1
    expect(refusalOf(await other.identityFor(PEER))).toBeUndefined()
    clock.nowMs += 1
    expect(await codeOf(other.identityFor(PEER))).toBe('ERR_EXPIRED')
  })

  test('places of another account, forged ones and noise are not taken from an own instance', async () => {
    const { owner, open } = await createTwoPlaces('device')
    const stranger = await open(createMemoryAccountStore())
    const before = owner.sync.digest()
    const entries = stranger.sync.entries()
    expect(await codeOf(owner.sync.merge(entries))).toBe('ERR_FORGED')
    const forged = owner.sync.entries().map((entry) => entry.with(entry.length - 80, (entry.at(-80) ?? 0) ^ 1))
    expect(await codeOf(owner.sync.merge(forged))).toMatch(/^ERR_(FORGED|BAD_FRAME)$/)
    expect(await codeOf(owner.sync.merge([new Uint8Array(40)]))).toBe('ERR_BAD_FRAME')
    expect(await codeOf(owner.sync.merge(Array.from({ length: 129 }, () => entries[0] as Uint8Array)))).toBe('ERR_LIMIT')
    expect(owner.sync.digest()).toEqual(before)
  })

  test('an account has at most 64 places; a name is one line', async () => {
    const { open } = createWorld()
    const owner = await open(createMemoryAccountStore(), { kind: 'kept' }, `  a\n${'😀'.repeat(80)}`)
    expect(owner.places()[0]?.name).toBe(`a ${'😀'.repeat(30)}`)
    for (let i = 1; i < 64; i++) await owner.grantPlace(new Uint8Array(32).fill(i), { role: 'device', name: `${i}` })
    expect(owner.places()).toHaveLength(64)
    expect(await codeOf(owner.grantPlace(new Uint8Array(32).fill(99), { role: 'device', name: 'x' }))).toBe('ERR_LIMIT')
    expect(owner.sync.entries().every(({ length }) => length <= 512)).toBe(true)
    await owner.revoke(keyIdOf(new Uint8Array(32).fill(1)))
    await owner.grantPlace(new Uint8Array(32).fill(99), { role: 'device', name: 'x' })
    expect(owner.places().some(({ isThis }) => isThis)).toBe(true)
  })
})
