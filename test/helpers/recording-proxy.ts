/** A TCP proxy on loopback in front of a port, which keeps all bytes that go through it, both ways. */

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface RecordingProxy {
  /** The origin that stands for the port behind it. */
  readonly url: string
  /** Everything so far, connection after connection, each way in the order in which it came. */
  bytes(): Buffer
  stop(): Promise<void>
}

export async function startRecordingProxy(port: number): Promise<RecordingProxy> {
  /** By direction of each connection. Bounded by the test that makes them. */
  const recorded: Buffer[][] = []
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      const chunks: Buffer[] = []
      recorded.push(chunks)
      sockets.add(from)
      from.on('data', (chunk) => chunks.push(chunk))
      from.on('error', () => to.destroy())
      from.on('close', () => sockets.delete(from))
      from.pipe(to)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes: () => Buffer.concat(recorded.flat()),
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
