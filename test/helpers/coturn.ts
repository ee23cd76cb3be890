/** Debian's coturn, set up as OPERATING.md says, on a free port until the test ends. */

import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { startProgram } from './background-program.ts'
import { freePort } from './free-port.ts'
import { operatingBlock } from './operating-page.ts'
import { createTemporaryDirectory } from './temporary-directory.ts'
import { waitFor } from './wait-for.ts'

export const TURN_SECRET = 'only-the-node-and-coturn-know-it'
/** The secret as it stands on the page. */
const DOCUMENTED_SECRET = 'the-output-of-openssl-rand-hex-32'

export interface Coturn {
  port: number
  /** The names of the allocations that are open now, one for each: that of its tab's password. */
  openAllocations(): Promise<string[]>
}

/**
 * @param address of this machine. It may be of a private network, to which the page's configuration forbids to relay: that part is left out
 * @param changes of the page's configuration
 */
export async function startCoturn(address: string, changes: Record<string, string> = {}): Promise<Coturn> {
  const directory = await createTemporaryDirectory()
  const port = await freePort()
  const block = operatingBlock('turnserver.conf', {
    'listening-port=3478': `listening-port=${port}`,
    [DOCUMENTED_SECRET]: TURN_SECRET,
    ...changes,
  })
  const log = join(directory, 'turn.log')
  const here = [`listening-ip=${address}`, `relay-ip=${address}`, `userdb=${directory}/db`, `pidfile=${directory}/pid`]
  here.push(`log-file=${log}`, 'simple-log', 'verbose')
  const path = join(directory, 'turnserver.conf')
  await writeFile(path, `${block.replace(/^denied-peer-ip=.*\n/gm, '')}${here.join('\n')}\n`)
  startProgram('turnserver', ['-c', path])
  await waitFor(() => isOpen(address, port), 20_000, 'coturn listens')
  return { port, openAllocations: async () => openIn(await readFile(log, 'utf8')) }
}

/** The node's part of the configuration, in a file. @returns its path */
export async function writeTurnConfiguration(uri: string): Promise<string> {
  const path = join(await createTemporaryDirectory(), 'turn.json')
  await writeFile(path, operatingBlock('turn.json', { 'turn:pages.example:3478': uri, [DOCUMENTED_SECRET]: TURN_SECRET }))
  return path
}

function isOpen(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** Reads the log of coturn 4.6. */
function openIn(log: string): string[] {
  const open = new Map<string, string>()
  for (const [, session = '', event = '', name = ''] of log.matchAll(
    /session (\d+): (new|closed|delete).*?(?:user(?:name)?[ =]?<(.*?)>|$)/gm,
  )) {
    if (event === 'new') open.set(session, name)
    else open.delete(session)
  }
  return [...open.values()]
}
