/** Another process that has a lock, such as a receiver's, until it is killed. An unreferenced file handle would be collected, and the lock with it. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

const LOCK = new URL('../../node/server/store/file-lock.ts', import.meta.url).href

export async function spawnHolder(data: string, name: string): Promise<{ kill(): Promise<void> }> {
  const directory = join(data, 'receivers', name)
  await mkdir(directory, { recursive: true })
  return spawnLockHolder(join(directory, 'lock'))
}

export async function spawnLockHolder(path: string): Promise<{ kill(): Promise<void> }> {
  const code = `
    const { takeFileLock } = await import(${JSON.stringify(LOCK)})
    globalThis.release = takeFileLock(${JSON.stringify(path)})
    if (globalThis.release === undefined) process.exit(1)
    console.log('held')
    setInterval(() => {}, 60_000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: ['ignore', 'pipe', 'ignore'] })
  const exited = once(child, 'exit')
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  onTestFinished(kill)
  await Promise.race([once(child.stdout, 'data'), exited.then(() => Promise.reject(new Error('the holder ended')))])
  return { kill }
}
