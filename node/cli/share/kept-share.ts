/** A share that outlives its command: in a directory of its own, so that the same command, started again, has the same link. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createSoon } from '../../async/soon.ts'
import type { Share } from '../../index.ts'
import { equalBytes } from '../../keys/index.ts'
import { openLockedDirectory } from '../../server/store/locked-directory.ts'
import { readOwnerFile, replaceOwnerFile } from '../../server/store/owner-file.ts'

const NAME = 'share'
const MAX_BYTES = 16_777_216
/** It is written this long after a change, in ms: progress of receivers is one, too. */
const WRITE_MS = 1_000

export type KeptShare = Awaited<ReturnType<typeof openKeptShare>>

/**
 * @throws {MayflyError} ERR_BAD_OPTION: another process has the directory, or others may read it
 * @throws the system's error, in words
 */
export async function openKeptShare(directory: string) {
  const noun = `the share in ${directory}`
  const taken = `${noun} is being shared by another process: end it first, or use another directory`
  const opened = await openLockedDirectory(directory, { noun, taken }, async () => ({
    snapshot: await readOwnerFile({ directory, name: NAME, noun: 'share', maxBytes: MAX_BYTES }),
  }))
  let written = opened.snapshot
  let writing: Promise<void> = Promise.resolve()

  async function write(share: Share): Promise<void> {
    const snapshot = share.snapshot()
    if (written !== undefined && equalBytes(written, snapshot)) return
    await replaceOwnerFile(directory, NAME, snapshot)
    written = snapshot
  }

  return {
    directory,
    /** That of an earlier run; undefined for a new share. */
    snapshot: opened.snapshot,
    /** Writes the share, now and as it changes. @returns a function that ends it */
    follow(share: Share, onProblem: (error: unknown) => void): () => void {
      const writeNow = () => {
        writing = writing.then(() => write(share)).catch(onProblem)
      }
      const soon = createSoon(writeNow)
      const stop = share.onChange(() => soon.ask(WRITE_MS))
      writeNow()
      return () => {
        stop()
        soon.cancel()
        writeNow()
      }
    },
    /** @param isOver it is forgotten: the next command makes a new share */
    async close(isOver: boolean): Promise<void> {
      await writing
      if (isOver) await rm(join(directory, NAME), { force: true })
      opened.release()
    },
  }
}
