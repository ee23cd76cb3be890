/** The SHA-256 of a file, of any size. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** @returns hex */
export async function sha256Of(path: string): Promise<string> {
  const sum = createHash('sha256')
  for await (const part of createReadStream(path)) sum.update(part as Buffer)
  return sum.digest('hex')
}
