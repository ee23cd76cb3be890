import { expect, test } from 'vitest'
import { decodeBundle, encodeBundle, mediaTypeOf } from '../../../node/index.ts'

test.each([
  ['index.html', 'text/html'],
  ['a/b.c/PHOTO.JPG', 'image/jpeg'],
  ['app.js', 'text/javascript'],
  ['picture.svg', 'image/svg+xml'],
  ['archive.tar.gz', 'application/gzip'],
  ['notes', ''],
  ['.html', ''],
  ['a.unknown', ''],
  ['a.constructor', ''],
])('media type: of %s is %j, which a bundle can say', (path, type) => {
  expect(mediaTypeOf(path)).toBe(type)
  const entry = { path, size: 0, type, key: new Uint8Array(32) }
  expect(decodeBundle(encodeBundle([entry]))).toEqual([entry])
})
