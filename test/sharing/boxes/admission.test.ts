import { expect, test } from 'vitest'
import { type JudgedOffer, refuseOffer } from '../../../node/sharing/boxes/admission.ts'
import { cleanTerms, readTerms, termsFields } from '../../../node/sharing/boxes/terms.ts'
import type { DropRefusalCode, DropTerms } from '../../../node/sharing/types.ts'

const NOW = 1_764_400_000_000
const MIB = 1_048_576
const file = (path: string, size: number | undefined = 1_000, mediaType = '') => ({ path, size, mediaType })
const photo = file('beach.jpg', 2 * MIB, 'image/jpeg')

/** Terms, what is offered, and what is said; undefined: it is taken. */
const CASES: [string, Partial<DropTerms>, Partial<JudgedOffer>, DropRefusalCode | undefined, string?][] = [
  ['no limits', {}, { files: [photo] }, undefined],
  ['words alone', {}, { words: 'Hello' }, undefined],
  ['nothing', {}, {}, 'empty'],
  ['white space', {}, { words: ' \n ' }, 'empty'],
  ['a name alone', {}, { from: 'Ann' }, 'empty'],
  ['in time', { untilMs: NOW + 1 }, { files: [photo] }, undefined],
  ['in the last moment', { untilMs: NOW }, { files: [photo] }, 'over'],
  ['too late', { untilMs: NOW - 1 }, { words: 'Hello' }, 'over'],
  ['as many as may come', { maxFiles: 2 }, { files: [photo, file('a')] }, undefined],
  ['one more', { maxFiles: 2 }, { files: [photo, file('a'), file('b')] }, 'count', 'at most 2 files at once, not 3'],
  ['two where one may come', { maxFiles: 1 }, { files: [photo, file('a')] }, 'count', 'at most 1 file at once, not 2'],
  ['more than any box takes', { maxFiles: 5_000 }, { files: Array.from({ length: 1_001 }, (_, i) => file(`${i}`)) }, 'count', '1000'],
  ['words do not count as a file', { maxFiles: 1 }, { files: [photo], words: 'Hello' }, undefined],
  ['exactly as large', { maxFileBytes: 2 * MIB }, { files: [photo] }, undefined],
  ['one byte larger', { maxFileBytes: 2 * MIB - 1 }, { files: [photo] }, 'size', 'beach.jpg'],
  ['the second is too large', { maxFileBytes: MIB }, { files: [file('a'), photo] }, 'size', 'at most 1 MiB each; beach.jpg has 2 MiB'],
  ['exactly as much in all', { maxBytes: 4 * MIB }, { files: [photo, photo] }, undefined],
  ['one byte more in all', { maxBytes: 4 * MIB - 1 }, { files: [photo, photo] }, 'size', 'these files have more'],
  ['empty files', { maxBytes: 1 }, { files: [file('a', 0), file('b', 0)] }, undefined],
  ['a stream of unknown size', { maxBytes: 1, maxFileBytes: 1 }, { files: [{ ...photo, size: undefined }] }, undefined],
  ['the said type', { types: ['image/*'] }, { files: [file('beach', 1, 'image/png')] }, undefined],
  ['the said type with parameters', { types: ['text/plain'] }, { files: [file('a', 1, 'Text/Plain; charset=utf-8')] }, undefined],
  ['the type of the ending', { types: ['image/*'] }, { files: [file('BEACH.JPG', 1)] }, undefined],
  ['the ending itself', { types: ['.step'] }, { files: [file('wheel.STEP', 1)] }, undefined],
  ['an ending of two parts', { types: ['.tar.gz'] }, { files: [file('src.tar.gz', 1)] }, undefined],
  ['one of several types', { types: ['.pdf', 'image/*'] }, { files: [file('a.pdf'), photo] }, undefined],
  ['another type', { types: ['.pdf', 'image/*'] }, { files: [file('run.exe')] }, 'type', '.pdf and pictures only; run.exe'],
  ['one of another type among right ones', { types: ['image/*'] }, { files: [photo, file('run.exe')] }, 'type', 'run.exe'],
  ['no type and no ending', { types: ['image/*'] }, { files: [file('beach')] }, 'type'],
  ['a family is not its prefix', { types: ['image/*'] }, { files: [file('a', 1, 'images/png')] }, 'type'],
  ['words where types are named', { types: ['image/*'] }, { words: 'Hello' }, undefined],
  ['a folder', {}, { files: [file('holiday/beach.jpg')] }, undefined],
  ['a path that leads out', {}, { files: [file('../beach.jpg')] }, 'name'],
  ['an empty name', {}, { files: [file('')] }, 'name'],
  ['a name with a control character', {}, { files: [file('a\u0000b')] }, 'name'],
  ['the longest name of a sender', {}, { files: [photo], from: 'x'.repeat(80) }, undefined],
  ['a longer one', {}, { files: [photo], from: 'x'.repeat(81) }, 'words'],
  ['the most words', {}, { files: [photo], words: 'x'.repeat(2_000) }, undefined],
  ['more words', {}, { files: [photo], words: 'x'.repeat(2_001) }, 'words', '2001 characters; at most 2000'],
  ['over and too large: the first reason', { untilMs: NOW, maxBytes: 1 }, { files: [photo] }, 'over'],
]

test.each(CASES)('admission: %s', (_, terms, offer, code, text = '') => {
  const refusal = refuseOffer({ title: 'For Ann', ...terms }, { from: '', words: '', files: [], ...offer }, NOW)
  expect(refusal?.code).toBe(code)
  if (refusal !== undefined) expect(refusal.text).toContain(text)
})

test('terms: travel and come back as they are, in clean form', () => {
  const terms = cleanTerms({ title: ' For Ann ', maxBytes: 5, maxFiles: 2, maxFileBytes: 4, types: [' Image/* ', '.PDF'], untilMs: NOW })
  expect(terms).toEqual({ title: 'For Ann', maxBytes: 5, maxFiles: 2, maxFileBytes: 4, types: ['image/*', '.pdf'], untilMs: NOW })
  expect(readTerms(termsFields(terms))).toEqual(terms)
  expect(readTerms(termsFields({ title: 'For Ann' }))).toEqual({ title: 'For Ann' })
})

test.each<[string, DropTerms]>([
  ['title', { title: '  ' }],
  ['title', { title: 'x'.repeat(201) }],
  ['maxBytes', { title: 'a', maxBytes: 0 }],
  ['maxFiles', { title: 'a', maxFiles: 1.5 }],
  ['maxFileBytes', { title: 'a', maxFileBytes: -1 }],
  ['untilMs', { title: 'a', untilMs: Number.NaN }],
  ['types', { title: 'a', types: ['pdf'] }],
  ['types', { title: 'a', types: ['.'] }],
  ['types', { title: 'a', types: ['*/*'] }],
  ['types', { title: 'a', types: Array.from({ length: 33 }, () => '.pdf') }],
])('terms: refuse a wrong %s, and say which form is expected', (name, terms) => {
  expect(() => cleanTerms(terms)).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION', message: expect.stringContaining(name) }))
})
