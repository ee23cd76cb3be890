/** A file of generated content, written without memory for it. */

import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { generatedBytes } from './generated-content.ts'

const STEP = 4 * 1_048_576

/** Resolves with its SHA-256, in hex. */
export async function writeGeneratedFile(path: string, size: number, seed: number): Promise<string> {
  const digest = createHash('sha256')
  const file = await open(path, 'w')
  try {
    for (let at = 0; at < size; at += STEP) {
      const bytes = generatedBytes(at, Math.min(STEP, size - at), seed)
      digest.update(bytes)
      await file.write(bytes)
    }
  } finally {
    await file.close()
  }
  return digest.digest('hex')
}
