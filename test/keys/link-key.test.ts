import { expect, test } from 'vitest'
import { createLinkKey, decodeLinkKey, encodeLinkKey } from '../../node/keys/index.ts'
import { linkKeyFragment, linkKeyTextOf } from '../../node/keys/links.ts'

test('link key: its text form is 43 characters of base64url, and is read back', () => {
  const key = createLinkKey()
  expect(key).toHaveLength(32)
  const text = encodeLinkKey(key)
  expect(text).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(decodeLinkKey(text)).toEqual(key)
  expect(encodeLinkKey(createLinkKey())).not.toBe(text)
  expect(linkKeyTextOf(linkKeyFragment(text))).toBe(text)
})

test.each([
  ['nothing', ''],
  ['too short', 'A'.repeat(42)],
  ['too long', 'A'.repeat(44)],
  ['characters of plain base64', `+/${'A'.repeat(41)}`],
  ['bits that no 32 bytes have', `${'A'.repeat(42)}B`],
])('link key: %s is none, and the refusal does not repeat it', (_, text) => {
  let refused: unknown
  try {
    decodeLinkKey(text)
  } catch (error) {
    refused = error
  }
  expect(refused).toMatchObject({ code: 'ERR_BAD_KEY' })
  if (text !== '') expect((refused as Error).message).not.toContain(text)
})

test('link key: any other fragment is no key', () => {
  expect(linkKeyTextOf('')).toBeUndefined()
  expect(linkKeyTextOf('#section')).toBeUndefined()
  expect(linkKeyTextOf('#ak=x')).toBeUndefined()
})
