import { expect, test } from 'vitest'
import { parseContentReference } from '../../../node/cli/values/content-reference.ts'
import { createLinkKey, decodeKeyHex, encodeKeyCid, encodeLinkKey } from '../../../node/keys/index.ts'

/** Of the empty content, as `sha256sum /dev/null` prints it. */
const HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const OUTLINE = '01'.repeat(32)
const CID = encodeKeyCid(decodeKeyHex(HASH))

test.each([
  [HASH, undefined],
  [CID, undefined],
  [`ipfs://${CID}`, undefined],
  [`/ipfs/${CID}`, undefined],
  [`http://localhost:4000/${HASH}`, 'http://localhost:4000'],
  [`http://localhost:4000/raw/${HASH}?filename=a.txt#top`, 'http://localhost:4000'],
  [`https://pages.example/ipfs/${CID}?format=raw`, 'https://pages.example'],
])('content reference: %s names the content', (text, origin) => {
  const reference = parseContentReference(text)
  expect(reference.hash).toBe(HASH)
  expect(reference.key).toEqual(decodeKeyHex(HASH))
  expect(reference.origin).toBe(origin)
})

test.each([
  '',
  HASH.slice(1),
  `${HASH}0`,
  HASH.toUpperCase(),
  'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi', // dag-pb, not raw
  'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKXSB1',
  'http://localhost:4000/',
  `http://localhost:4000/${HASH}/%ff`,
  `http://localhost:4000/${HASH}/a%2Fb`,
  `http://localhost:4000/${HASH}?o=${HASH.slice(1)}`,
  `http://localhost:4000/${HASH}/../x`,
  `${HASH}?o=`,
  `${HASH}?q=${HASH}`,
  `http://localhost:4000//${HASH}`,
  `http://localhost:4000/${CID}`,
  `http://localhost:4000/raw/${CID}`,
  `http://localhost:4000/ipfs/${HASH}`,
  `http://localhost:99999/${HASH}`,
  `ftp://localhost/${HASH}`,
  `ipfs://${HASH}`,
])('content reference: refuses %j', (text) => {
  expect(() => parseContentReference(text)).toThrow(expect.objectContaining({ code: 'ERR_BAD_KEY' }))
})

test.each([
  [`${HASH}?o=${OUTLINE}`, undefined],
  [`${CID}?o=${OUTLINE}`, undefined],
  [`${HASH}/a b/%20.txt?o=${OUTLINE}`, 'a b/%20.txt'],
  [`http://localhost:4000/${HASH}?o=${OUTLINE}&filename=a`, undefined],
  [`http://localhost:4000/raw/${HASH}/a%20b/%F0%9F%99%82.txt?o=${OUTLINE}`, 'a b/🙂.txt'],
  [`http://localhost:4000/ipfs/${CID}/?o=${OUTLINE}`, undefined],
  [`http://localhost:4000/${HASH}/a//b/./%2e%2e/c%252F?o=${OUTLINE}`, 'a/c%2F'],
  [`${HASH}/./a//%2F/../x.deb?o=${OUTLINE}`, 'a/x.deb'],
  [`${HASH}/.?o=${OUTLINE}`, undefined],
])('content reference: %s carries the hash of the outline, and the path %s', (text, path) => {
  expect(parseContentReference(text)).toMatchObject({ hash: HASH, outline: decodeKeyHex(OUTLINE) })
  expect(parseContentReference(text).path).toBe(path)
})

test('content reference: a link without them has neither outline nor path', () => {
  for (const text of [HASH, `${HASH}/`, `http://localhost:4000/${HASH}/`]) {
    expect(parseContentReference(text)).toEqual({
      hash: HASH,
      key: decodeKeyHex(HASH),
      ...(text.startsWith('http') && { origin: 'http://localhost:4000' }),
    })
  }
})

test.each([
  HASH,
  CID,
  `${HASH}?o=${OUTLINE}`,
  `${HASH}/a b`,
  `http://localhost:4000/${HASH}?o=${OUTLINE}`,
  `http://localhost:4000/${HASH}/a%20b`,
])('content reference: %s may carry a key behind it, and means the same', (text) => {
  const linkKey = createLinkKey()
  expect(parseContentReference(`${text}#k=${encodeLinkKey(linkKey)}`)).toEqual({ ...parseContentReference(text), linkKey })
})

test('content reference: an invalid key is refused, and no refusal shows a key', () => {
  const key = encodeLinkKey(createLinkKey())
  for (const text of [
    `${HASH}#k=`,
    `${HASH}#k=${key.slice(1)}`,
    `http://localhost:99999/#k=${key}`,
    `nothing#k=${key}`,
    `http://a.example/x#k=${key}`,
  ]) {
    let refused: unknown
    try {
      parseContentReference(text)
    } catch (error) {
      refused = error
    }
    expect(refused).toMatchObject({ code: 'ERR_BAD_KEY' })
    expect(String(refused)).not.toContain(key.slice(1))
  }
})
