/** Message brokers as Debian packages them, each a child process on loopback that keeps its files in a temporary directory. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { waitUntil } from './wait.ts'

export interface BrokerProgram {
  /** Debian's package, and the program in it. */
  debian: string
  program: string
  /** Arguments of the broker. May write a configuration into the directory. */
  parameters(port: number, directory: string): string[]
}

export interface Broker {
  readonly pid: number
  readonly port: number
}

export const REDIS: BrokerProgram = {
  debian: 'redis-server',
  program: 'redis-server',
  parameters: (port, directory) => [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    directory,
    '--save',
    '',
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
  ],
}

export const NATS: BrokerProgram = {
  debian: 'nats-server',
  program: 'nats-server',
  parameters: (port, directory) => ['--addr', '127.0.0.1', '--port', String(port), '--jetstream', '--store_dir', directory],
}

export const MOSQUITTO: BrokerProgram = {
  debian: 'mosquitto',
  program: 'mosquitto',
  parameters(port, directory) {
    const path = join(directory, 'mosquitto.conf')
    const lines = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'persistence true', `persistence_location ${directory}/`]
    // No reader is connected meanwhile: messages stored for it must not be bounded. Started by root here, the broker need not change its user.
    writeFileSync(path, [...lines, 'max_queued_messages 0', 'user root', ''].join('\n'))
    return ['-c', path]
  },
}

/** Where Debian puts servers, which is not in everybody's path. */
const PATH = [process.env.PATH ?? '', '/usr/sbin'].join(delimiter)
const START_MS = 10_000

/** @throws with the way to install it when it is missing, with its output when it does not start */
export async function startBroker(
  { debian, program, parameters }: BrokerProgram,
  directory: string,
  stack: AsyncDisposableStack,
): Promise<Broker> {
  const port = await freePort()
  const child = spawn(program, parameters(port, directory), { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PATH } })
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-1_000)
    })
  }
  await once(child, 'spawn').catch((cause) => {
    throw new Error(`it is not installed; on Debian: apt-get install ${debian}`, { cause })
  })
  stack.defer(async () => {
    process.off('exit', end)
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    end()
    await ended
  })
  const isUp = async () => {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${said}`)
    return canConnect(port)
  }
  await waitUntil(isUp, START_MS, `${program} listens`)
  return { pid: child.pid as number, port }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

async function canConnect(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
