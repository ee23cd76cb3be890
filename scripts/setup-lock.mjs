/** A lock between processes: a file that names its owner. For `setup.mjs`, so plain JavaScript, and it waits without an event loop. */

import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

const POLL_MS = 200

/**
 * Waits until this process has the lock, and keeps it until it ends. A lock whose owner has died is free.
 *
 * @param {string} lock its file
 * @param {() => void} onWait called once, when somebody else has it
 */
export function takeLock(lock, onWait) {
  const mine = `${lock}-${process.pid}`
  writeFileSync(mine, String(process.pid))
  let told = false
  while (!link(mine, lock)) {
    if (!isAlive(readOwner(lock))) {
      removeDead(lock)
      continue
    }
    if (!told) onWait()
    told = true
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS)
  }
  rmSync(mine)
  process.once('exit', () => rmSync(lock, { force: true }))
}

/** Links the lock into place, whole: nobody may read one that has no owner yet. False when there is one already. */
function link(file, lock) {
  try {
    linkSync(file, lock)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    return false
  }
}

/** Takes the lock away before it looks again: somebody else may have replaced the dead one since, and gets it back. */
function removeDead(lock) {
  const taken = `${lock}-${process.pid}-dead`
  try {
    renameSync(lock, taken)
  } catch {
    return
  }
  if (isAlive(readOwner(taken))) link(taken, lock)
  rmSync(taken)
}

function readOwner(file) {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch {
    return 0
  }
}

function isAlive(pid) {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
