import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeWords, encodeWords } from '../../../node/people/format/recovery-words.ts'

const ENTROPY = new Uint8Array(16).fill(7)
const WORDS = 'alpha deal scrub asthma idea logic bright thought alpha deal scrub autumn'.split(' ')

async function refusalOf(text: string) {
  return decodeWords(text).then(
    () => undefined,
    ({ code, message }) => ({ code, message }),
  )
}

test('recovery words: 12 words stand for the 16 bytes', async () => {
  expect(await encodeWords(ENTROPY)).toEqual(WORDS)
  expect(await decodeWords(WORDS.join(' '))).toEqual(ENTROPY)
})

test('recovery words: capitals, spaces, new lines, commas and numbers of a list change nothing', async () => {
  const forms = [
    WORDS.join(' ').toUpperCase(),
    `  ${WORDS.join('   ')}\t\n`,
    WORDS.map((word) => word.replace(/^./, (first) => first.toUpperCase())).join(', '),
    WORDS.map((word, i) => `${i + 1}. ${word}`).join('\r\n'),
    WORDS.join('\u3000'),
    WORDS.join(' ').replaceAll('a', 'ａ'), // full width
  ]
  for (const form of forms) expect(await decodeWords(form)).toEqual(ENTROPY)
})

test('recovery words: a wrong word is refused by its number, and is not repeated', async () => {
  for (const wrong of ['alhpa', 'аlpha', 'älpha', 'constructor']) {
    const refusal = await refusalOf(WORDS.with(2, wrong).join(' '))
    expect(refusal?.code).toBe('ERR_BAD_WORDS')
    expect(refusal?.message).toContain('Word 3 ')
    expect(refusal?.message).not.toContain(wrong)
  }
})

test('recovery words: too few, too many, none', async () => {
  for (const words of [WORDS.slice(1), [...WORDS, 'alpha'], [], [...WORDS, ...WORDS]]) {
    const refusal = await refusalOf(words.join(' '))
    expect(refusal?.code).toBe('ERR_BAD_WORDS')
    expect(refusal?.message).toContain(String(words.length))
  }
})

test('recovery words: a bad checksum is refused: two words in each other’s places, or another word of the list', async () => {
  expect((await refusalOf(WORDS.with(0, 'deal').with(1, 'alpha').join(' ')))?.code).toBe('ERR_BAD_WORDS')
  expect((await refusalOf(WORDS.with(11, 'zoo').join(' ')))?.code).toBe('ERR_BAD_WORDS')
})

test('recovery words: any 16 bytes come back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 16, maxLength: 16 }), async (entropy) => {
      expect(await decodeWords((await encodeWords(entropy)).join(' '))).toEqual(entropy)
    }),
    { numRuns: 50 },
  )
})
