import { afterEach, beforeEach, expect, test } from 'vitest'
import { TOKEN_LIMITS } from '../../../node/people/pairing/token-records.ts'
import { createPairingWorld, type PairingPerson } from '../../helpers/pairing-world.ts'
import { waitFor } from '../../helpers/wait-for.ts'

let world: ReturnType<typeof createPairingWorld>
const everybody: PairingPerson[] = []

async function join(...args: Parameters<typeof world.join>) {
  const person = await world.join(...args)
  everybody.push(person)
  return person
}

beforeEach(() => {
  world = createPairingWorld()
})
afterEach(async () => {
  for (const person of everybody.splice(0)) await person.close()
})

const idOf = ({ place }: PairingPerson) => place.own.id
const failure = (code: string) => expect.objectContaining({ code })
/** A code with the same number and other words. */
const wrongly = (code: string) => `abandon ability ${code.slice(-4)}`

test.each(['token', 'code', 'link'] as const)('pairing: by a %s both trust each other, each by an alias of its own', async (form) => {
  const [alice, bob] = [await join('alice'), await join('bob')]
  const token = await alice.requestToken('Bobby')
  const text = { token: token.token, code: token.code, link: `https://gateway.example/#add=${token.token}` }[form]
  const claimed = await bob.claimToken('Ally', text)
  const issued = await token.claimed
  expect(claimed).toMatchObject({ account: idOf(alice), alias: 'Ally' })
  expect(issued).toMatchObject({ account: idOf(bob), alias: 'Bobby' })
  expect(claimed.words).toHaveLength(4)
  expect(issued.words).toEqual(claimed.words)
  expect(alice.book.list()).toMatchObject([{ account: idOf(bob), alias: 'Bobby', state: 'trusted' }])
  expect(bob.book.list()).toMatchObject([{ account: idOf(alice), alias: 'Ally', state: 'trusted' }])
  expect(alice.book.get(bob.place.own.publicKey)?.trust.byteLength).toBeGreaterThan(90) // challenge, answer, refusal
  expect(alice.tokens()).toEqual([])
})

test('pairing: a token is good for one person, and the others hear that it was used', async () => {
  const [alice, bob, carol] = [await join('alice'), await join('bob'), await join('carol')]
  const token = await alice.requestToken('friend')
  await bob.claimToken('alice', token.token)
  await expect(carol.claimToken('alice', token.token)).rejects.toEqual(failure('ERR_TOKEN_USED'))
  await expect(carol.claimToken('alice', token.code)).rejects.toEqual(failure('ERR_TOKEN_USED'))
  expect(carol.book.list()).toEqual([])
})

test('pairing: three wrong guesses burn a token, its link and its right code, and the issuer hears of it', async () => {
  const [alice, bob] = [await join('alice'), await join('bob')]
  const token = await alice.requestToken('friend')
  for (let guesses = 0; guesses < 3; guesses++) {
    const guesser = await join(`guesser ${guesses}`)
    await expect(guesser.claimToken('alice', wrongly(token.code))).rejects.toEqual(failure('ERR_TOKEN_WRONG'))
  }
  await expect(bob.claimToken('alice', token.code)).rejects.toEqual(failure('ERR_TOKEN_BURNT'))
  await expect(bob.claimToken('alice', token.token)).rejects.toEqual(failure('ERR_TOKEN_BURNT'))
  await expect(token.claimed).rejects.toEqual(failure('ERR_TOKEN_BURNT'))
  expect(alice.book.list()).toEqual([])
})

test('pairing: a stranger who guesses learns no account', async () => {
  const [alice, eve] = [await join('alice'), await join('eve')]
  const token = await alice.requestToken('friend')
  const [guess, known] = [eve.claimToken('alice', wrongly(token.code)), alice.place.own]
  await expect(guess).rejects.toEqual(failure('ERR_TOKEN_WRONG'))
  const { certificate } = await known.identityFor('alice')
  const heard = Buffer.concat(world.network.heardBy('eve'))
  expect(heard.byteLength).toBeGreaterThan(90) // challenge, answer, refusal
  for (const secret of [known.publicKey, certificate.slice(0, 64), alice.place.store.place.publicKey])
    expect(heard.includes(Buffer.from(secret))).toBe(false)
})

test('pairing: of fifty wrong guesses at once three are judged, and the right one after them is refused', async () => {
  const alice = await join('alice')
  const token = await alice.requestToken('friend')
  const guessers = await Promise.all(Array.from({ length: 50 }, (_, i) => join(`guesser ${i}`)))
  const answers = await Promise.all(guessers.map((one) => one.claimToken('alice', wrongly(token.code)).catch((error) => error.code)))
  expect(answers.filter((code) => code === 'ERR_TOKEN_WRONG')).toHaveLength(3)
  expect(answers.filter((code) => code === 'ERR_TOKEN_BURNT')).toHaveLength(47)
})

test('pairing: a token without a code has no number at which strangers find it', async () => {
  const alice = await join('alice')
  const token = await alice.requestToken('friend', { code: false })
  expect(token.code).toBe('')
  expect(world.presence.heldBy('alice')).toHaveLength(1)
  const bob = await join('bob')
  await bob.claimToken('alice', token.token)
  await token.claimed
})

test('pairing: of a hundred who claim at once one wins, and the others hear that it was used', async () => {
  const alice = await join('alice')
  const token = await alice.requestToken('winner')
  const claimers = await Promise.all(Array.from({ length: 100 }, (_, i) => join(`claimer ${i}`)))
  const outcomes = await Promise.all(claimers.map((one) => one.claimToken('alice', token.code).catch((error) => error.code)))
  const winners = outcomes.filter((outcome) => typeof outcome === 'object')
  expect(winners).toHaveLength(1)
  expect(outcomes.filter((outcome) => outcome === 'ERR_TOKEN_USED')).toHaveLength(99)
  expect(alice.book.list()).toHaveLength(1)
  expect(claimers.filter(({ book }) => book.list().length > 0)).toHaveLength(1)
  expect((await token.claimed).words).toEqual(winners[0].words)
})

test('pairing: expired, taken back and unknown tokens are refused with a code each', async () => {
  const [alice, bob] = [await join('alice'), await join('bob')]
  const cancelled = await alice.requestToken('friend')
  await cancelled.cancel()
  await expect(cancelled.claimed).rejects.toEqual(failure('ERR_TOKEN_BURNT'))
  await expect(bob.claimToken('alice', cancelled.token)).rejects.toEqual(failure('ERR_TOKEN_BURNT'))
  const token = await alice.requestToken('friend')
  world.clock.aheadMs = TOKEN_LIMITS.lifetimeMs
  await expect(bob.claimToken('alice', token.token)).rejects.toEqual(failure('ERR_TOKEN_EXPIRED'))
  await expect(bob.claimToken('alice', token.code)).rejects.toEqual(failure('ERR_TOKEN_EXPIRED'))
  expect(alice.tokens()).toEqual([])
})

test('pairing: a token that nobody holds is unknown', async () => {
  const bob = await join('bob')
  await expect(bob.claimToken('alice', 'a'.repeat(26))).rejects.toEqual(failure('ERR_TOKEN_UNKNOWN'))
})

test('pairing: a claimer who comes first is served once the token can be found', async () => {
  const [alice, bob] = [await join('alice'), await join('bob')]
  const token = await alice.requestToken('friend')
  await alice.stop()
  const claiming = bob.claimToken('alice', token.token)
  await alice.start()
  await claiming
})

test('pairing: a claimer that is still joining the network waits for that; one that cannot join hears so', async () => {
  const [alice, bob] = [await join('alice'), await join('bob')]
  const token = await alice.requestToken('friend')
  world.unjoined.add('bob')
  await expect(bob.claimToken('alice', token.token)).rejects.toEqual(failure('ERR_NO_NETWORK'))
  const claiming = bob.claimToken('alice', token.token)
  world.unjoined.delete('bob')
  await claiming
})

test("pairing: a token survives the issuer's restart, under another peer id, with its wrong guesses", async () => {
  const [alice, bob] = [await join('alice'), await join('bob')]
  const token = await alice.requestToken('friend')
  await expect(bob.claimToken('alice', wrongly(token.code))).rejects.toEqual(failure('ERR_TOKEN_WRONG'))
  await expect(bob.claimToken('alice', wrongly(token.code))).rejects.toEqual(failure('ERR_TOKEN_WRONG'))
  alice.kill()
  const again = await join('alice again', alice.place)
  const [open] = again.tokens()
  expect(open).toMatchObject({ token: token.token, code: token.code, expiresAtMs: token.expiresAtMs })
  await bob.claimToken('alice', token.code)
  await expect(open?.claimed).resolves.toMatchObject({ account: idOf(bob), alias: 'friend' })
  const carol = await join('carol')
  await expect(carol.claimToken('alice', wrongly(token.code))).rejects.toEqual(failure('ERR_TOKEN_USED'))
})

test('pairing: an issuer that dies after it wrote the claim down gives the same claimer the same answer, and nobody else one', async () => {
  const [alice, bob, carol] = [await join('alice'), await join('bob'), await join('carol')]
  const token = await alice.requestToken('friend')
  // The claim is stored, and nothing more is: neither the contact nor the answer.
  alice.place.store.failWhen((name) => name === 'contacts')
  const claiming = bob.claimToken('alice', token.token)
  await waitFor(() => alice.place.store.failures > 0, 10_000, 'the contact to be written')
  alice.kill()
  alice.place.store.failWhen(() => false)
  const again = await join('alice again', alice.place)
  expect(again.book.list()).toMatchObject([{ account: idOf(bob), alias: 'friend' }])
  await expect(carol.claimToken('alice', token.token)).rejects.toEqual(failure('ERR_TOKEN_USED'))
  const { words } = await claiming.catch(() => bob.claimToken('alice', token.token))
  expect(words).toHaveLength(4)
  expect(bob.book.list()).toHaveLength(1)
  expect(again.book.list()).toHaveLength(1)
})

test('pairing: a claimer that could not write the contact down claims again, and both have it', async () => {
  const [alice, bob] = [await join('alice'), await join('bob')]
  const token = await alice.requestToken('friend')
  bob.place.store.failWhen(() => true)
  await expect(bob.claimToken('alice', token.token)).rejects.toThrow('disk full')
  expect(alice.book.list()).toHaveLength(1)
  bob.place.store.failWhen(() => false)
  const { words } = await bob.claimToken('alice', token.token)
  expect((await token.claimed).words).toEqual(words) // those of the exchange that both have seen
  expect(bob.book.list()).toHaveLength(1)
})

test('pairing: a contact that was removed since stays removed when the issuer starts again', async () => {
  const [alice, bob] = [await join('alice'), await join('bob')]
  const token = await alice.requestToken('friend')
  await bob.claimToken('alice', token.token)
  await token.claimed
  await alice.book.remove(idOf(bob))
  alice.kill()
  const again = await join('alice again', alice.place)
  expect(again.book.list()).toEqual([])
})

test('pairing: two tabs of the issuer serve one token, and one claim wins', async () => {
  const alice = await join('alice')
  const other = await join('alice, other tab', alice.place)
  const token = await alice.requestToken('friend')
  await waitFor(() => other.tokens().length === 1 && world.presence.heldBy('aliceothertab').length === 2, 10_000, 'the other tab')
  const claimers = await Promise.all(Array.from({ length: 10 }, (_, i) => join(`claimer ${i}`)))
  const outcomes = await Promise.all(claimers.map((one) => one.claimToken('alice', token.token).catch((error) => error.code)))
  expect(outcomes.filter((outcome) => typeof outcome === 'object')).toHaveLength(1)
  await token.claimed
  await waitFor(() => other.book.list().length === 1, 10_000, 'the contact')
})

test('pairing: a place is added only by who says so; an owner has the same words then, a device has none', async () => {
  const [alice, phone, tablet] = [await join('alice'), await join('phone'), await join('tablet')]
  const token = await alice.requestToken('My phone', { kind: 'device', role: 'owner' })
  await expect(phone.claimToken('alice', token.token)).rejects.toEqual(failure('ERR_REFUSED'))
  await expect(phone.claimToken('alice', `https://gateway.example/#add-place=${token.token}`)).rejects.toEqual(failure('ERR_REFUSED'))
  const paired = await phone.claimToken('laptop', token.code, { kind: 'device' })
  expect(paired).toMatchObject({ account: idOf(alice), alias: 'laptop' })
  expect(await token.claimed).toMatchObject({ account: idOf(alice), alias: 'My phone', words: paired.words })
  expect([alice.book.list(), phone.book.list()]).toEqual([[], []])

  const asDevice = await alice.requestToken('Tablet', { kind: 'device' })
  await tablet.claimToken('laptop', asDevice.token, { kind: 'device' })
  const [onPhone, onTablet] = [await world.openPlace(phone.vacant), await world.openPlace(tablet.vacant)]
  expect([onPhone.own.id, onTablet.own.id]).toEqual([idOf(alice), idOf(alice)])
  expect(await onPhone.own.words()).toEqual(await alice.place.own.words())
  await expect(onTablet.own.words()).rejects.toEqual(failure('ERR_REFUSED'))
  expect(alice.place.own.places().map(({ name, role }) => [name, role])).toContainEqual(['Tablet', 'device'])
  const again = await join('tablet again', onTablet)
  await expect(again.requestToken('Other', { kind: 'device' })).rejects.toEqual(failure('ERR_REFUSED'))
  await again.requestToken('friend') // contacts it may add
})

test("pairing: a contact's token adds no place, one's own token no contact, and a blocked account is not taken", async () => {
  const [alice, bob] = [await join('alice'), await join('bob')]
  const token = await alice.requestToken('friend')
  await expect(bob.claimToken('alice', token.token, { kind: 'device' })).rejects.toEqual(failure('ERR_REFUSED'))
  const ownTab = await join('alice, other tab', alice.place)
  await ownTab.stop()
  await expect(ownTab.claimToken('me', token.token)).rejects.toEqual(failure('ERR_REFUSED'))
  await bob.claimToken('alice', token.token)
  await token.claimed
  await alice.book.block(idOf(bob))
  const second = await alice.requestToken('other')
  await expect(bob.claimToken('alice', second.token)).rejects.toEqual(failure('ERR_REFUSED'))
})

test('pairing: bad aliases and texts are refused before anybody is asked', async () => {
  const alice = await join('alice')
  await expect(alice.requestToken('a\u202eb')).rejects.toEqual(failure('ERR_BAD_OPTION'))
  await expect(alice.requestToken('*')).rejects.toEqual(failure('ERR_BAD_OPTION'))
  await expect(alice.claimToken('', 'a'.repeat(26))).rejects.toEqual(failure('ERR_BAD_OPTION'))
  await expect(alice.claimToken('bob', 'mangoo guitar 0742')).rejects.toEqual(failure('ERR_BAD_OPTION'))
})

test('pairing: the number of tokens that wait is bounded, and one that is over makes room', async () => {
  const alice = await join('alice')
  for (let i = 0; i < TOKEN_LIMITS.maxOpen; i++) await alice.requestToken(`friend ${i}`)
  await expect(alice.requestToken('one more')).rejects.toEqual(failure('ERR_LIMIT'))
  world.clock.aheadMs = TOKEN_LIMITS.lifetimeMs
  await alice.requestToken('one more')
})

test('pairing: an abort ends the claim with its reason', async () => {
  const bob = await join('bob')
  const controller = new AbortController()
  const claiming = bob.claimToken('alice', 'a'.repeat(26), { signal: controller.signal })
  const reason = new Error('changed my mind')
  controller.abort(reason)
  await expect(claiming).rejects.toBe(reason)
})
