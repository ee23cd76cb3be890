import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pathOf, routeOf } from '../../browser/visit/route.ts'
import { refusePath } from '../../node/index.ts'
import { createLinkKey, decodeKeyHex, encodeKeyCid, encodeLinkKey } from '../../node/keys/index.ts'
import { decodeLink, encodeLink, type Link } from '../../node/keys/links.ts'
import { anyText } from '../helpers/any-text.ts'

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
  [` http://localhost:4000/${HASH}\n`, 'http://localhost:4000'],
  [`/${HASH}`, undefined],
  [`/raw/${HASH}?wait=30s`, undefined],
])('link: %s names the content', (text, origin) => {
  const reference = decodeLink(text)
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
  `//${HASH}`,
  `/${HASH}?o=`,
  `http://localhost:4000//${HASH}`,
  `http://localhost:4000/${CID}`,
  `http://localhost:4000/raw/${CID}`,
  `http://localhost:4000/ipfs/${HASH}`,
  `http://localhost:99999/${HASH}`,
  `ftp://localhost/${HASH}`,
  `ipfs://${HASH}`,
])('link: refuses %j', (text) => {
  expect(() => decodeLink(text)).toThrow(expect.objectContaining({ code: 'ERR_BAD_KEY' }))
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
])('link: %s carries the hash of the outline, and the path %s', (text, path) => {
  expect(decodeLink(text)).toMatchObject({ hash: HASH, outline: decodeKeyHex(OUTLINE) })
  expect(decodeLink(text).path).toBe(path)
})

test('link: a link without them has neither outline nor path', () => {
  for (const text of [HASH, `${HASH}/`, `http://localhost:4000/${HASH}/`]) {
    expect(decodeLink(text)).toEqual({
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
])('link: %s may carry a key behind it, and means the same', (text) => {
  const linkKey = createLinkKey()
  expect(decodeLink(`${text}#k=${encodeLinkKey(linkKey)}`)).toEqual({ ...decodeLink(text), linkKey })
})

test('link: an invalid key is refused, and no refusal shows a key', () => {
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
      decodeLink(text)
    } catch (error) {
      refused = error
    }
    expect(refused).toMatchObject({ code: 'ERR_BAD_KEY' })
    expect(String(refused)).not.toContain(key.slice(1))
  }
})

test.each([
  [`http://localhost:4000/${HASH}?filename=a%20b%26c.txt`, 'a b&c.txt'],
  [`${HASH}?o=${OUTLINE}&filename=a.txt`, 'a.txt'],
  [`/${HASH}?filename=`, undefined],
])('link: %s carries the name of its file', (text, name) => {
  expect(decodeLink(text).name).toBe(name)
})

test("link: a made one comes back as it was, and the app's address bar reads and writes it alike", () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const name = anyText({ minLength: 1, maxLength: 20 }).filter((text) => refusePath(text) === undefined)
  const parts = { key: bytes, origin: fc.constant('http://localhost:4000'), outline: bytes, path: name, name, linkKey: bytes }
  fc.assert(
    fc.property(fc.record(parts, { requiredKeys: ['key'] }), (made) => {
      const link = encodeLink(made as Link)
      const { hash, ...read } = decodeLink(link)
      // The name of private content is encrypted with it.
      const { name: _, ...nameless } = made
      expect(read).toEqual(made.linkKey === undefined ? made : nameless)
      const { pathname, search, hash: fragment } = new URL(link, 'http://any.invalid')
      expect(pathOf(routeOf(pathname, search, fragment))).toBe(pathname + search + fragment)
      expect(routeOf(pathname, search, fragment)).toMatchObject({ view: 'page', hash })
    }),
    { numRuns: 100 },
  )
})
