import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { hasColumns, splitAtAddresses } from '../../../browser/text/addresses.ts'

const addressesIn = (text: string) =>
  splitAtAddresses(text)
    .filter(({ isAddress }) => isAddress)
    .map(({ text: address }) => address)

it.each([
  ['See http://a.example/b?c=d#e, and (https://f.example/).', ['http://a.example/b?c=d#e', 'https://f.example/']],
  ['https://a.example', ['https://a.example']],
  ['javascript:alert(1) ftp://a.example //a.example data:text/html,x', []],
  ['<a href="https://a.example/">b</a>', ['https://a.example/']],
  ['https://a.example/\u202egnp.exe', ['https://a.example/']],
  ['https://[ is none', []],
  ['', []],
])('finds the addresses of %j', (text, addresses) => {
  expect(addressesIn(text)).toEqual(addresses)
  expect(
    splitAtAddresses(text)
      .map(({ text: part }) => part)
      .join(''),
  ).toBe(text)
})

it.each([
  ['words and words', false],
  ['a   b', true],
  ['one\n  two', true],
  ['a\tb', true],
])('columns in %j: %j', (text, has) => {
  expect(hasColumns(text)).toBe(has)
})

it('long texts, whose frame can import nothing, and the gateway have the same expressions', async () => {
  const read = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8')
  const [own, frame, gateway] = await Promise.all(
    ['browser/text/addresses.ts', 'browser/visit/preview-frame.html', 'gateway/content/viewer-page.ts'].map(read),
  )
  const [, address = 'none'] = /ADDRESS = (.+)/.exec(own ?? '') ?? []
  const [, columns = 'none'] = /return (\/\S.+)\.test\(text\)/.exec(own ?? '') ?? []
  expect(frame).toContain(address)
  for (const text of [frame, gateway]) expect(text).toContain(columns)
})
