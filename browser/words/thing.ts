/** The nouns for the content of a link, and sentences about it. */

/** A page to read; a file that somebody was sent; several files. */
export type Thing = 'page' | 'file' | 'files'

const ONE = { it: 'it', It: 'It', is: 'is', lives: 'lives', stays: 'stays', appears: 'appears', they: 'it' }
const WORDS = {
  page: { ...ONE, these: 'this page', These: 'This page', the: 'the page', The: 'The page' },
  file: { ...ONE, these: 'this file', These: 'This file', the: 'the file', The: 'The file' },
  files: {
    it: 'them',
    It: 'They',
    is: 'are',
    lives: 'live',
    stays: 'stay',
    appears: 'appear',
    they: 'they',
    these: 'these files',
    These: 'These files',
    the: 'the files',
    The: 'The files',
  },
} as const satisfies Record<Thing, object>

type Word = keyof (typeof WORDS)['page']

/** Fills in the words of a sentence that stand in braces, such as `You hold {these}`. */
export function sayOf(thing: Thing, sentence: string): string {
  return sentence.replace(/\{(\w+)\}/g, (_, word) => WORDS[thing][word as Word])
}
