/**
 * The 12 recovery words of an account: its 16 random bytes and a checksum of 4 bits, as BIP-39 has them, in English. They are read as people
 * write them down, and read strictly: BIP-39's own way to a seed takes any 12 words, so a slip would open another, empty account.
 *
 * @see https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki
 */

import { MayflyError } from '../../errors.ts'

const WORDS = 12

/** The list, 13 KB, is loaded when it is needed. */
async function loadWordList() {
  const [{ entropyToMnemonic, mnemonicToEntropy }, { wordlist }] = await Promise.all([
    import('@scure/bip39'),
    import('@scure/bip39/wordlists/english.js'),
  ])
  return { entropyToMnemonic, mnemonicToEntropy, wordlist }
}

/** @param entropy 16 bytes */
export async function encodeWords(entropy: Uint8Array): Promise<string[]> {
  const { entropyToMnemonic, wordlist } = await loadWordList()
  return entropyToMnemonic(entropy, wordlist).split(' ')
}

/**
 * The 16 bytes. Capitals, white space, commas and the numbers of a list are overlooked.
 *
 * @throws {MayflyError} ERR_BAD_WORDS; the message names the number of a wrong word, and no word: it may end in a log
 */
export async function decodeWords(text: string): Promise<Uint8Array> {
  const { mnemonicToEntropy, wordlist } = await loadWordList()
  const words =
    text
      .normalize('NFKD')
      .toLowerCase()
      .match(/[\p{L}\p{M}]+/gu) ?? []
  const known = new Set(wordlist)
  const wrong = words.findIndex((word) => !known.has(word))
  if (wrong !== -1)
    throw new MayflyError('ERR_BAD_WORDS', `Word ${wrong + 1} is not a recovery word: look for a slip in its first four letters`)
  if (words.length !== WORDS)
    throw new MayflyError('ERR_BAD_WORDS', `An account has ${WORDS} recovery words, and these are ${words.length}`)
  try {
    return mnemonicToEntropy(words.join(' '), wordlist)
  } catch (cause) {
    const reason = 'Each of the 12 is a recovery word, but together they are not those of an account'
    throw new MayflyError('ERR_BAD_WORDS', `${reason}: one is another word, or two have changed places`, { cause })
  }
}
