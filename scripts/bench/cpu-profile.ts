/** Where a worker's time goes: a CPU profile of one piece of its work, for `BENCH_PROFILE=DIR`; Chromium's developer tools show it. */

import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'

export interface Profile {
  /** Writes the profile since the start. */
  end(): Promise<void>
}

export async function startProfile(directory: string, name: string): Promise<Profile> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 100 })
  await session.post('Profiler.start')
  return {
    async end() {
      const { profile } = await session.post('Profiler.stop')
      session.disconnect()
      writeFileSync(join(directory, `${name}-${process.pid}.cpuprofile`), JSON.stringify(profile))
    },
  }
}
