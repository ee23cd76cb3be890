/** The last check before bytes leave the command: the SHA-256 of the whole, in addition to the check of each piece. */

import { createHash } from 'node:crypto'
import { MayflyError } from '../../errors.ts'
import { equalBytes } from '../../keys/index.ts'
import type { Key } from '../../types.ts'

/**
 * Passes the chunks on as they come, and the last one only when the SHA-256 of the whole is right: wrong content never looks complete.
 *
 * @throws {MayflyError} ERR_UNAVAILABLE
 */
export async function* checkedWhole(key: Key, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const whole = createHash('sha256')
  let last: Uint8Array | undefined
  for await (const chunk of chunks) {
    if (last !== undefined) yield last
    whole.update(chunk)
    last = chunk
  }
  if (!equalBytes(whole.digest(), key)) throw wrongWhole()
  if (last !== undefined) yield last
}

export function wrongWhole(): MayflyError {
  return new MayflyError(
    'ERR_UNAVAILABLE',
    'Cannot get content: its pieces fit the outline that came with them, or with the link, and the whole has another SHA-256',
  )
}
