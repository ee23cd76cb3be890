import { expect, test } from 'vitest'
import { decodeKeyHex, encodeKeyCid } from '../../node/keys/index.ts'
import { parseContentReference } from '../../node/server/content-reference.ts'

/** Of the empty content, as `sha256sum /dev/null` prints it. */
const HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
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
  `http://localhost:4000/${HASH}/index.html`,
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
