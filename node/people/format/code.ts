/** Codes to be said aloud: two words of the BIP 39 English list, which differ in their first four letters, and a number of four digits. */

import { MayflyError } from '../../errors.ts'

export interface SpokenCode {
  /** Four digits, by which the claimer finds the issuer. No secret. */
  nameplate: string
  /** The secret, in the order of the alphabet: nobody has to remember which came first. */
  words: [string, string]
}

export const NAMEPLATES = 10_000

const EXPECTED = 'a code is two words and a number of four digits, as mango-guitar-7342'
/** Letters and digits; what stands between them is as it may be. */
const PARTS = /\p{L}+|\p{Nd}+/gu
const MAX_TEXT_LENGTH = 200

/** The list is 13 KB of words, loaded when a code is made or read. */
export async function loadCodeWords(): Promise<readonly string[]> {
  return (await import('@scure/bip39/wordlists/english.js')).wordlist
}

/** @param randomBelow an even number from 0 on, below the limit */
export function drawCode(list: readonly string[], randomBelow: (limit: number) => number): SpokenCode {
  const first = randomBelow(list.length)
  const second = (first + 1 + randomBelow(list.length - 1)) % list.length
  return {
    nameplate: String(randomBelow(NAMEPLATES)).padStart(4, '0'),
    words: inOrder(list[first] as string, list[second] as string),
  }
}

export const formatCode = ({ nameplate, words }: SpokenCode): string => [...words, nameplate].join('-')

/**
 * Reads a code as people write it: in capitals, with spaces, dashes or nothing between its parts, in any order.
 *
 * @throws {MayflyError} ERR_BAD_OPTION; its message names the word that is none, and the nearest one
 */
export function parseCode(text: string, list: readonly string[]): SpokenCode {
  const clean = text.slice(0, MAX_TEXT_LENGTH).normalize('NFKD').toLowerCase()
  const parts = clean.match(PARTS) ?? []
  const digits = parts.filter((part) => /^\p{Nd}+$/u.test(part)).join('')
  const words = parts.filter((part) => /^\p{L}+$/u.test(part))
  for (const word of words) {
    if (!list.includes(word)) throw notACode(`“${word.slice(0, 20)}” is no word of codes; did you mean “${nearestWord(word, list)}”?`)
  }
  const [first, second] = words
  if (first === undefined || second === undefined || words.length > 2) throw notACode(`${countOf(words.length, 'word')} found`)
  if (first === second) throw notACode(`its words differ, and “${first}” came twice`)
  if (!/^[0-9]{4}$/.test(digits)) throw notACode(`${countOf([...digits].length, 'digit')} found`)
  return { nameplate: digits, words: inOrder(first, second) }
}

/** The word that a mistyped one is most likely meant to be: fewest letters to change; among equals the first of the list. */
export function nearestWord(text: string, list: readonly string[]): string {
  const word = text.slice(0, 20)
  const distances = list.map((candidate) => editDistance(word, candidate))
  return list[distances.indexOf(Math.min(...distances))] as string
}

/** @see https://en.wikipedia.org/wiki/Levenshtein_distance */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min((next[j] as number) + 1, (row[j + 1] as number) + 1, (row[j] as number) + (letter === b[j] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length] as number
}

const inOrder = (a: string, b: string): [string, string] => (a < b ? [a, b] : [b, a])
const countOf = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`
const notACode = (reason: string) => new MayflyError('ERR_BAD_OPTION', `Not a code: ${reason} (${EXPECTED})`)

/** Evenly spread: numbers over the largest multiple of the limit are drawn again. */
export function randomBelow(limit: number, randomBytes: (length: number) => Uint8Array): number {
  for (;;) {
    const bytes = randomBytes(4)
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
    if (number < 2 ** 32 - (2 ** 32 % limit)) return number % limit
  }
}
