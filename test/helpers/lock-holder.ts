/** Another process that has a receiver's lock, until it is killed. An unreferenced file handle would be collected, and the lock with it. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

const LOCK = new URL('../../node/server/inbox/receiver-directory.ts', import.meta.url).href

export async function spawnHolder(data: string, name: string): Promise<{ kill(): Promise<void> }> {
  const directory = join(data, 'receivers', name)
  await mkdir(directory, { recursive: true })
  const code = `
    const { takeReceiverLock } = await import(${JSON.stringify(LOCK)})
    globalThis.release = takeReceiverLock(${JSON.stringify(join(directory, 'lock'))}, 'held')
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
