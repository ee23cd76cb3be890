import { describe, expect, it } from 'vitest'
import {
  contentKindOf,
  contentLabel,
  isDisplayable,
  MAX_SHOWN_PDF_BYTES,
  nameByType,
  plainTextOf,
  privateViewOf,
} from '../../../browser/content/content-kind.ts'

const encode = (text: string) => new TextEncoder().encode(text)

describe('content kind', () => {
  it('recognises HTML by its beginning', () => {
    for (const html of [
      '<!DOCTYPE html><p>x',
      '\n <h1>x</h1>',
      '<!-- a page -->',
      '\ufeff<html>',
      '<B>bold</B>',
      '<svg viewBox="0 0 1 1"/>',
    ]) {
      expect(contentKindOf(encode(html)).kind).toBe('html')
    }
    for (const text of ['', 'hello <b>you</b>', '<3', '<unknown>', '# title', '{"a":1}', 'a\r\nb', '<?xml version="1.0"?><a/>']) {
      expect(contentKindOf(encode(text))).toEqual({ kind: 'text', text })
    }
  })

  it('recognises images by their signatures, and binary bytes', () => {
    const table: [number[], object][] = [
      [[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0], { kind: 'image', type: 'image/png' }],
      [[0xff, 0xd8, 0xff, 0xe0], { kind: 'image', type: 'image/jpeg' }],
      [[...encode('GIF89a')], { kind: 'image', type: 'image/gif' }],
      [[...encode('RIFF'), 1, 2, 3, 4, ...encode('WEBP')], { kind: 'image', type: 'image/webp' }],
      [[0xff, 0xfe, 0xfd], { kind: 'other' }],
      [[0x61, 0x00, 0x62], { kind: 'other' }],
    ]
    for (const [bytes, kind] of table) expect(contentKindOf(new Uint8Array(bytes))).toEqual(kind)
  })

  it('labels content by its title or first line, cut between characters', () => {
    expect(contentLabel(encode('<!doctype html><title> My\n page </title><h1>x'))).toBe('My page')
    expect(contentLabel(encode('<style>b{}</style><h1>Hello <i>you</i></h1>'))).toBe('Hello you')
    expect(contentLabel(encode('\r\n  first line \r\nsecond'))).toBe('first line')
    expect(contentLabel(encode(''))).toBe('')
    expect(contentLabel(encode('👋'.repeat(60)))).toBe(`${'👋'.repeat(47)}…`)
  })

  it('gives content without a name one by its type', () => {
    const types = ['image/png', 'text/html; charset=utf-8', 'text/plain; charset=utf-8', 'image/svg+xml', 'application/vnd.x.y', '']
    const names = types.map((type) => nameByType('ab'.repeat(32), type))
    expect(names).toEqual(['png', 'html', 'txt', 'svg', 'bin', 'bin'].map((extension) => `abababab.${extension}`))
  })

  it('knows the types that a browser shows in a frame', () => {
    for (const type of ['text/html; charset=utf-8', 'text/plain', 'image/svg+xml', 'video/mp4', 'application/xml'])
      expect(isDisplayable(type, 1e9)).toBe(true)
    for (const type of ['application/zip', 'application/octet-stream', 'application/pdfx']) expect(isDisplayable(type, 1, true)).toBe(false)
  })

  it('shows a PDF up to a size, if the browser has a viewer', () => {
    expect(isDisplayable('application/pdf', MAX_SHOWN_PDF_BYTES, true)).toBe(true)
    expect(isDisplayable('application/pdf', MAX_SHOWN_PDF_BYTES + 1, true)).toBe(false)
    expect(isDisplayable('application/pdf', 1, false)).toBe(false)
  })

  it('shows private media and text up to a size, and an SVG only as text, whose frame runs no script', () => {
    for (const type of ['image/png', 'audio/mpeg', 'video/mp4', 'application/pdf']) expect(privateViewOf(type, 67_108_864)).toBe('media')
    for (const type of ['', 'text/html', 'application/json', 'image/svg+xml', 'image/svg+xml; charset=utf-8'])
      expect(privateViewOf(type, 4_194_304)).toBe('text')
    expect([privateViewOf('image/png', 67_108_865), privateViewOf('text/plain', 4_194_305), privateViewOf('application/zip', 1)]).toEqual(
      Array(3).fill(undefined),
    )
  })
})

it('a text is what its bytes and its media type both say', () => {
  const bytes = (text: string) => new TextEncoder().encode(text)
  expect(plainTextOf(bytes('some words'))).toBe('some words')
  for (const type of ['text/plain; charset=utf-8', 'text/markdown']) expect(plainTextOf(bytes('# words'), type)).toBe('# words')
  for (const type of ['text/html', 'text/plainer', 'application/json']) expect(plainTextOf(bytes('words'), type)).toBeUndefined()
  expect(plainTextOf(bytes('<p>a page'), 'text/plain')).toBeUndefined()
  expect(plainTextOf(Uint8Array.of(0xff, 0xfe), 'text/plain')).toBeUndefined()
})
