import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isDisplayable, sniffContentType } from '../../../gateway/content/content-type.ts'
import { createLinkKey, memorySource, sealSource } from '../../../node/index.ts'

const HTML = 'text/html; charset=utf-8'
const PLAIN = 'text/plain; charset=utf-8'
const SVG = 'image/svg+xml; charset=utf-8'

test.each([
  ['', PLAIN],
  ['hello', PLAIN],
  ['🦟 é\r\n\t\f', PLAIN],
  ['\u001b[31mred', PLAIN],
  ['bell \u0007', PLAIN],
  ['BMW', PLAIN],
  ['MZ was a company', PLAIN],
  ['GIF89a', PLAIN],
  ['{"a":1}', PLAIN],
  ['a < b and b > c', PLAIN],
  ['<3', PLAIN],
  ['<notanelement>', PLAIN],
  ['<a@b.example>', PLAIN],
  ['<!doctype html><p>x', HTML],
  ['\ufeff \r\n<!DOCTYPE   HTML>', HTML],
  ['<html>', HTML],
  ['<script>1</script>', HTML],
  ['  <H2 class=x>y', HTML],
  ['<br/>', HTML],
  ['<!-- a --><!-- b --> <section>', HTML],
  ['<!-- never closed', HTML],
  ['<svg><circle/></svg>', HTML],
  ['<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', SVG],
  ['<?xml version="1.0"?>\n<!-- x -->\n<svg xmlns="http://www.w3.org/2000/svg"/>', SVG],
  ['<?xml version="1.0"?><!DOCTYPE svg PUBLIC "x">', SVG],
  ['<?xml version="1.0"?><rss/>', 'application/xml; charset=utf-8'],
  ['<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>', 'application/xhtml+xml; charset=utf-8'],
  ['%PDF-1.7\n', 'application/pdf'],
  ['console.log(1)', PLAIN],
  ['body{color:red}', PLAIN],
])('sniffContentType: %j is %s', async (text, type) => {
  expect((await sniffContentType(new TextEncoder().encode(text))).type).toBe(type)
})

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

test.each([
  ['a PNG', PNG, 'image/png'],
  ['a GIF', Buffer.from('R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==', 'base64'), 'image/gif'],
  ['gzip', gzipSync('x'), 'application/gzip'],
  ['random bytes', new Uint8Array([0xff, 0x00, 0x13, 0x37]), 'application/octet-stream'],
  ['NUL bytes', new Uint8Array(8), 'application/octet-stream'],
  ['a PNG cut after its signature', PNG.subarray(0, 8), 'application/octet-stream'],
  ['HTML behind a NUL', Buffer.from('\0<html><script>'), 'application/octet-stream'],
  ['PostScript, which no browser runs', Buffer.from('%!\0'), 'application/postscript'],
  ['HTML in bytes that are not UTF-8', Buffer.from('<html>\xff', 'latin1'), 'application/octet-stream'],
])('sniffContentType: %s', async (_, bytes, type) => {
  expect((await sniffContentType(new Uint8Array(bytes))).type).toBe(type)
})

test('sniffContentType: no bytes become a script or a style, or break out of the header', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (bytes) => {
      const { type, extension } = await sniffContentType(bytes)
      expect(type).not.toMatch(/(?<!post)script|css|wasm/)
      expect(type).toMatch(/^[\w.+-]+\/[\w.+-]+(; ?[\w="-]+)?$/)
      expect(extension).toMatch(/^[\w.]+$/)
    }),
  )
})

test.each([
  [HTML, true],
  ['image/png', true],
  [SVG, true],
  ['video/mp4', true],
  ['application/xml; charset=utf-8', true],
  ['application/pdf', false],
  ['application/octet-stream', false],
  ['application/zip', false],
])('isDisplayable: %s → %s', (type, shown) => {
  expect(isDisplayable(type)).toBe(shown)
})

test('content type: private content is recognized by its first bytes', async () => {
  const source = await sealSource(memorySource(new TextEncoder().encode('<h1>x</h1>')), createLinkKey(), { type: 'text/html' })
  const sealed = await source.read(0, source.size)
  for (const isWhole of [true, false]) expect((await sniffContentType(sealed, isWhole)).type).toBe('application/vnd.mayfly.private')
  expect((await sniffContentType(new TextEncoder().encode('mayfly-private\n'))).type).toBe(PLAIN)
})
