import { describe, expect, it } from 'vitest'
import { AddressSecret, decodeAddressSecret, encodeAddressSecret } from '../../../browser/messages/address-secret.ts'
import { createMessageSecret, hashnameOf, type MessageSecret, publicKeyOf } from '../../../node/index.ts'

describe('the secret of an address', () => {
  it('is one line of text that gives the same secret, whatever a copy adds to it', async () => {
    const secret = createMessageSecret()
    const text = await encodeAddressSecret(secret)
    expect(text).toMatch(/^mayfly-address-[a-z2-7]{56}$/)
    for (const copied of [text, ` ${text}\r\n`, text.toUpperCase(), `${text.slice(0, 40)}\n  ${text.slice(40)}`])
      expect(await decodeAddressSecret(copied)).toEqual(secret)
  })

  it('is not read with a character that is wrong, missing or too many', async () => {
    const text = await encodeAddressSecret(new Uint8Array(32).fill(7))
    const at = (i: number, character: string) => text.slice(0, i) + character + text.slice(i + 1)
    const broken = [text.slice(1), text.slice(0, -1), `${text}a`, text.replace('address', 'secret'), '', 'a'.repeat(71)]
    for (let i = text.length - 56; i < text.length; i++) broken.push(at(i, text[i] === 'a' ? 'b' : 'a'))
    for (const wrong of broken) expect(await decodeAddressSecret(wrong)).toBeUndefined()
  })

  it('takes the place of the one before only when it is used', async () => {
    const [own, other] = [createMessageSecret(), createMessageSecret()]
    const stored: MessageSecret[] = []
    const address = new AddressSecret(own, { replaceSecret: async (secret) => void stored.push(secret) })
    expect(await address.read(await address.text())).toBe('same')
    expect(await address.read('mayfly-address-')).toBe('unreadable')
    const found = await address.read(await encodeAddressSecret(other))
    if (typeof found === 'string') throw new Error(found)
    expect([found.hashname, stored]).toEqual([hashnameOf(publicKeyOf(other)), []])
    await found.adopt()
    expect(stored).toEqual([other])
  })
})
