/** Sizes and numbers of files, in words. */

import { sizeText } from '../../node/async/size-text.ts'

export { sizeText }

export function filesText(count: number): string {
  return count === 1 ? '1 file' : `${count} files`
}

/** As `sizeText`, followed by the exact number: `256.1 KiB (262,245 bytes)`. */
export function exactSizeText(bytes: number): string {
  return bytes < 1_024 ? sizeText(bytes) : `${sizeText(bytes)} (${bytes.toLocaleString('en')} bytes)`
}
