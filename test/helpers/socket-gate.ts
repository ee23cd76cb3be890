/**
 * A TCP proxy on loopback in front of a gateway. Of the websockets of a page it lets those of a first stage through, and holds those of peers back
 * until it is opened: whatever the page shows before, it has without a peer.
 */

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface SocketGate {
  /** The origin that stands for the gateway's. */
  readonly url: string
  /** Websockets of first stages so far. */
  readonly firstStages: number
  /** Websockets that are held back now. */
  readonly held: number
  open(): void
}

export async function startSocketGate(port: number): Promise<SocketGate> {
  const sockets = new Set<Socket>()
  const waiting = new Set<() => void>()
  let firstStages = 0
  let isOpen = false

  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  }

  const server = createServer((near) => {
    keep(near)
    near.once('data', (head) => {
      near.pause()
      const pass = () => {
        waiting.delete(pass)
        const far = connect(port, '127.0.0.1')
        keep(far)
        far.write(head)
        near.pipe(far).pipe(near)
        near.on('close', () => far.destroy())
        far.on('close', () => near.destroy())
      }
      const isSocket = /^upgrade: websocket/im.test(head.toString('latin1'))
      if (isSocket && /^GET \/s\/[a-z2-7]{52}\/first /.test(head.toString('latin1'))) firstStages++
      else if (isSocket && !isOpen) {
        near.on('close', () => waiting.delete(pass))
        return void waiting.add(pass)
      }
      pass()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    get firstStages() {
      return firstStages
    },
    get held() {
      return waiting.size
    },
    open() {
      isOpen = true
      for (const pass of waiting) pass()
    },
  }
}
