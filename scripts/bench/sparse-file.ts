/** A file of any size that takes hardly any room on the disk, without two equal pieces. */

import { open } from 'node:fs/promises'

/** A number stands at each of these. */
const MARK_EVERY = 2 ** 18

export async function writeSparse(path: string, size: number): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.truncate(size)
    for (let at = 0; at + 8 <= size; at += MARK_EVERY) {
      const mark = Buffer.alloc(8)
      mark.writeDoubleLE(at + 1)
      await file.write(mark, 0, 8, at)
    }
  } finally {
    await file.close()
  }
}
