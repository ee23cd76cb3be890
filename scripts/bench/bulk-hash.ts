/** The SHA-256 by which a reader verifies content of a system without verification of its own. */

import { createHash } from 'node:crypto'
import { type BulkContent, bulkParts } from './bulk-content.ts'

const PART_BYTES = 1_048_576

/** SHA-256 of the whole, in hex. */
export function sha256Of(content: BulkContent): string {
  const hash = createHash('sha256')
  for (const part of bulkParts(content, PART_BYTES)) hash.update(part)
  return hash.digest('hex')
}
