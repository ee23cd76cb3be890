/** Content of any size that no memory is needed for: the same bytes for the same seed, made where they are read. */

import type { ContentSource } from '../../node/index.ts'

export function generatedContent(size: number, seed = 1): ContentSource {
  return { size, read: async (offset, length) => generatedBytes(offset, length, seed) }
}

/** Each four bytes are mixed from their place and the seed, so that no two pieces are equal. */
export function generatedBytes(offset: number, length: number, seed = 1): Uint8Array {
  const first = Math.floor(offset / 4)
  const words = new Uint32Array(Math.ceil(length / 4) + 1)
  for (let i = 0; i < words.length; i++) {
    const word = first + i
    words[i] = Math.imul(word ^ seed, 2_654_435_761) ^ (word >>> 7)
  }
  return new Uint8Array(words.buffer, offset % 4, length)
}
