/**
 * Notices that this process may open no more files. Then connections are cut without a word: libuv accepts each and closes it, and Node.js's
 * server hears of none (libuv 1.52, Node.js 24.21: `uv__emfile_trick`). So a file is opened now and then, to see whether that works.
 */

import { close, open, readFileSync } from 'node:fs'
import { devNull } from 'node:os'

export const OPEN_FILES_DEFAULTS = {
  /** Between two looks, in ms. */
  lookMs: 1_000,
  /** Looks in a row that succeed before all is well again: the last free one is taken and given back all the time. */
  calmLooks: 10,
}

interface OpenFilesOptions extends Partial<typeof OPEN_FILES_DEFAULTS> {
  /** Opens a file and closes it again; calls back with the error when it cannot. */
  tryToOpen?: (done: (error: NodeJS.ErrnoException | null) => void) => void
}

/**
 * @param onChange called with true when no file can be opened any more, and with false when they can be again
 * @returns the function that ends it
 */
export function watchOpenFiles(onChange: (isFull: boolean) => void, options: OpenFilesOptions = {}): () => void {
  const { lookMs, calmLooks, tryToOpen } = { ...OPEN_FILES_DEFAULTS, tryToOpen: openNothing, ...options }
  let isFull = false
  let calm = 0
  const timer = setInterval(() => {
    tryToOpen((error) => {
      const fails = error?.code === 'EMFILE' || error?.code === 'ENFILE'
      calm = fails ? 0 : calm + 1
      if (fails === isFull || (!fails && calm < calmLooks)) return
      isFull = fails
      onChange(isFull)
    })
  }, lookMs)
  timer.unref()
  return () => clearInterval(timer)
}

function openNothing(done: (error: NodeJS.ErrnoException | null) => void): void {
  open(devNull, 'r', (error, fd) => {
    if (!error) close(fd, () => done(null))
    else done(error)
  })
}

/** How many files this process may open at once; undefined where the system does not tell. */
export function openFilesLimit(): number | undefined {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return limit === undefined ? undefined : Number(limit)
  } catch {
    return undefined
  }
}
