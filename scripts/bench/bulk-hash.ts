/** The SHA-256 that a reader compares with, where a system does not bring a check of its own. */

import { createHash } from 'node:crypto'
import { type BulkContent, bulkParts } from './bulk-content.ts'

const PART_BYTES = 1_048_576

/** Of the whole, in hex. */
export function sha256Of(content: BulkContent): string {
  const hash = createHash('sha256')
  for (const part of bulkParts(content, PART_BYTES)) hash.update(part)
  return hash.digest('hex')
}
