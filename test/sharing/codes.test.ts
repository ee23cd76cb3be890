/** Codes of shares and codes that add people, which look alike: each typed where the other belongs. */

import { afterEach, expect, test } from 'vitest'
import { parseLink } from '../../node/sharing/format/share-link.ts'
import { claimCode } from '../../node/sharing/receiver/claim-code.ts'
import { createSpokenCodes } from '../../node/sharing/sharer/spoken-codes.ts'
import { createPairingWorld } from '../helpers/pairing-world.ts'

const LINK = { id: new Uint8Array(32).fill(1), secret: new Uint8Array(16).fill(2) }
const randomBytes = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const ends: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** Two people who share files, too. Their clocks run five seconds at each look. */
async function meet() {
  const world = createPairingWorld()
  let ticksMs = 0
  const join = async (name: string) => {
    const person = await world.join(name)
    const shared = {
      self: name,
      ways: person.ways,
      rendezvous: world.presence.join(name),
      randomBytes,
      monotonic: () => (ticksMs += 5_000),
    }
    const codes = createSpokenCodes({ ...shared, now: Date.now })
    codes.start()
    ends.push(codes.stop, () => person.close())
    return { ...person, issue: () => codes.issue(LINK), claimCode: (code: string) => claimCode(shared, code) }
  }
  return [await join('alice'), await join('bob')] as const
}

test('a code for files leads to its share, once', async () => {
  const [alice, bob] = await meet()
  const { code, settled } = await alice.issue()
  expect(parseLink('s', await bob.claimCode(code))).toEqual(LINK)
  expect(await settled).toBe('claimed')
  await expect(bob.claimCode(code)).rejects.toMatchObject({ code: 'ERR_TOKEN_USED' })
})

test('a code that adds a contact is said to be one, where files are received, and stays good', async () => {
  const [alice, bob] = await meet()
  const { code } = await alice.requestToken('bob')
  const failure = { code: 'ERR_REFUSED', message: expect.stringContaining('adds a contact') }
  for (let tries = 0; tries < 4; tries++) await expect(bob.claimCode(code)).rejects.toMatchObject(failure)
  expect(await bob.claimToken('alice', code)).toMatchObject({ alias: 'alice' })
})

test('a code for files is said to be one, where people are added, and stays good', async () => {
  const [alice, bob] = await meet()
  const { code } = await alice.issue()
  const failure = { code: 'ERR_REFUSED', message: expect.stringContaining('for files') }
  for (let tries = 0; tries < 4; tries++) await expect(bob.claimToken('alice', code)).rejects.toMatchObject(failure)
  expect(parseLink('s', await bob.claimCode(code))).toEqual(LINK)
})

test('a code that nobody has is unknown in both places', async () => {
  const [, bob] = await meet()
  await expect(bob.claimCode('mango-guitar-7342')).rejects.toMatchObject({ code: 'ERR_TOKEN_UNKNOWN' })
  await expect(bob.claimToken('alice', 'mango-guitar-7342')).rejects.toMatchObject({ code: 'ERR_TOKEN_UNKNOWN' })
})
