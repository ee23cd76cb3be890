/** Debian's coturn, set up as OPERATING.md says, on a free port until the test ends. */

import { writeFile } from 'node:fs/promises'
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

/** @param address of this machine. It may be of a private network, to which the page's configuration forbids to relay: that part is left out */
export async function startCoturn(address: string): Promise<{ port: number }> {
  const directory = await createTemporaryDirectory()
  const port = await freePort()
  const block = operatingBlock('turnserver.conf', { 'listening-port=3478': `listening-port=${port}`, [DOCUMENTED_SECRET]: TURN_SECRET })
  const here = [`listening-ip=${address}`, `relay-ip=${address}`, `userdb=${directory}/db`, `pidfile=${directory}/pid`, 'log-file=stdout']
  const path = join(directory, 'turnserver.conf')
  await writeFile(path, `${block.replace(/^denied-peer-ip=.*\n/gm, '')}${here.join('\n')}\n`)
  startProgram('turnserver', ['-c', path])
  await waitFor(() => isOpen(address, port), 20_000, 'coturn listens')
  return { port }
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
