import fc from 'fast-check'
import { base16, base16upper } from 'multiformats/bases/base16'
import { base32, base32upper } from 'multiformats/bases/base32'
import { base36, base36upper } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { base64url } from 'multiformats/bases/base64'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { expect, onTestFinished, test, vi } from 'vitest'
import {
  decodeKeyCid,
  decodeKeyHex,
  encodeKeyBase32,
  encodeKeyCid,
  encodeKeyHex,
  isKeyHex,
  keyOfBlock,
  parseCid,
} from '../../node/keys/index.ts'
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
  const bases = [base16, base16upper, base32, base32upper, base36, base36upper, base58btc, base64url]
  for (const base of bases) expect(encodeKeyHex(decodeKeyCid(cid.toString(base)))).toBe(HELLO)
})

test('key text: a CID of any codec and version names the block with its hash', () => {
  // The empty folder of UnixFS, which every implementation names so, in the forms of both versions.
  const folder = parseCid('QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn')
  const digest = encodeKeyHex(keyOfBlock(folder) ?? new Uint8Array())
  expect(digest).toBe('59948439065f29619ef41280cbb932be52c56d99c5966b65e0111239f098bbef')
  const text = 'bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354'
  for (const same of [parseCid(text), parseCid(folder.toV1().toString(base36))]) expect(keyOfBlock(same)).toEqual(keyOfBlock(folder))
  expect(() => decodeKeyCid(text)).toThrow(BAD_KEY) // it is the block of a folder, not content
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
  for (const cid of others.slice(2)) expect(keyOfBlock(cid)).toBeUndefined()
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
