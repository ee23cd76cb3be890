/** Parts a network within one machine: connections of this process to ports of another part end, and none is opened to them until they are healed. */

import { Socket } from 'node:net'

type Connect = (this: Socket, ...options: unknown[]) => Socket

/** Begins to watch the connections that this process opens. */
export function createPartedSockets() {
  /** Bounded by the open connections. */
  const opened = new Set<Socket>()
  let parted: ReadonlySet<number> = new Set()
  const connect = Socket.prototype.connect as Connect

  const endIfParted = (socket: Socket) => {
    if (socket.remotePort !== undefined && parted.has(socket.remotePort)) socket.destroy()
  }

  Socket.prototype.connect = function (this: Socket, ...options: unknown[]) {
    opened.add(this)
    this.once('close', () => opened.delete(this))
    this.prependOnceListener('connect', () => endIfParted(this))
    return connect.apply(this, options)
  } as typeof Socket.prototype.connect

  return {
    /** None of these ports can be reached any more; with none all can. */
    part(ports: readonly number[]) {
      parted = new Set(ports)
      for (const socket of opened) endIfParted(socket)
    },
  }
}
