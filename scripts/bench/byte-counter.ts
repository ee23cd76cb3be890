/** A TCP proxy on loopback that counts what goes through it. */

import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'

export interface ByteCounter extends AsyncDisposable {
  readonly port: number
  /** Both ways, so far. */
  bytes(): number
}

export async function startByteCounter(port: number): Promise<ByteCounter> {
  let bytes = 0
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', ({ byteLength }) => {
        bytes += byteLength
      })
      from.on('error', () => to.destroy())
      from.pipe(to)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    bytes: () => bytes,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}
