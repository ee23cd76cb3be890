import fc from 'fast-check'
import { base36 } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { expect, onTestFinished, test, vi } from 'vitest'
import { decodeKeyCid, decodeKeyHex, encodeKeyBase32, encodeKeyCid, encodeKeyHex, isKeyHex } from '../../node/keys/index.ts'
import { portableHex } from '../../node/keys/key-text.ts'

const KEY = fc.uint8Array({ minLength: 32, maxLength: 32 })
const HELLO = '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03'
const BAD_KEY = expect.objectContaining({ code: 'ERR_BAD_KEY' })

test('key text: hex is 64 lower-case digits, both ways', () => {
  fc.assert(
    fc.property(KEY, (key) => {
      const text = encodeKeyHex(key)
      expect([text, portableHex(key)]).toEqual(Array(2).fill(Buffer.from(key).toString('hex')))
      expect(isKeyHex(text)).toBe(true)
      expect(decodeKeyHex(text)).toEqual(key)
    }),
  )
})

test.each([
  '',
  HELLO.slice(1),
  `${HELLO}0`,
  HELLO.toUpperCase(),
  `${HELLO}\n`,
  ` ${HELLO}`,
  HELLO.replace('5', 'g'),
  `0x${HELLO.slice(2)}`,
])('key text: refuses %j as hex', (text) => {
  expect(isKeyHex(text)).toBe(false)
  expect(() => decodeKeyHex(text)).toThrow(BAD_KEY)
})

test('key text: base32 is 52 lower-case characters that fit a DNS label', () => {
  fc.assert(fc.property(KEY, (key) => /^[a-z2-7]{52}$/.test(encodeKeyBase32(key))))
  expect(encodeKeyBase32(decodeKeyHex(HELLO))).toBe('lci3lnjc2xpqq3ip6cyrb66z2in3j7drmoxtjuecq2roqrxwxybq')
})

test('key text: a CID is the one of the IPFS clients, both ways', () => {
  fc.assert(fc.property(KEY, (key) => Buffer.from(decodeKeyCid(encodeKeyCid(key))).equals(Buffer.from(key))))
  // As `ipfs add --raw-leaves --cid-version=1` names the same six bytes.
  expect(encodeKeyCid(decodeKeyHex(HELLO))).toBe('bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am')
})

test('key text: a CID is read in the other bases that IPFS clients write', () => {
  const cid = CID.parse('bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am')
  for (const text of [cid.toString(base36), cid.toString(base58btc)]) expect(encodeKeyHex(decodeKeyCid(text))).toBe(HELLO)
})

test('key text: a CID of another codec, hash, version or length names nothing here', () => {
  const digest = decodeKeyHex(HELLO)
  const sha256 = Digest.create(0x12, digest)
  const others = [
    CID.createV1(0x70, sha256), // dag-pb
    CID.createV0(sha256),
    CID.createV1(raw.code, Digest.create(0x1b, digest)), // keccak-256
    CID.createV1(raw.code, Digest.create(0x12, digest.slice(0, 20))),
    CID.createV1(raw.code, Digest.create(0, digest)), // identity
  ]
  for (const cid of others) expect(() => decodeKeyCid(cid.toString())).toThrow(BAD_KEY)
})

test('key text: text that is no CID is refused, and never anything but refused', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `b${text}`),
        fc.string().map((text) => `z${text}`),
      ),
      (text) => {
        try {
          decodeKeyCid(text)
        } catch (error) {
          expect(error).toEqual(BAD_KEY)
        }
      },
    ),
  )
})

test('key text: a very long CID is refused before its base is decoded, which takes quadratic time', () => {
  const parse = vi.spyOn(CID, 'parse')
  onTestFinished(() => parse.mockRestore())
  for (const base of ['z', 'k']) expect(() => decodeKeyCid(base + 'y'.repeat(1_000_000))).toThrow(BAD_KEY)
  expect(parse).not.toHaveBeenCalled()
})
