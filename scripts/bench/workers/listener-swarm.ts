/** Many listeners in one process: tabs that tap an end, or sockets of other systems. */

import { once } from 'node:events'
import { connect } from 'node:net'
import { WebSocket } from 'ws'
import { createPeer, type Tap } from '../../../node/index.ts'
import { mapParallel } from '../wait.ts'
import { serveCalls } from '../worker.ts'

const JOIN_MS = 60_000
/** Connections that are made at once. */
const PARALLEL = 8

/** By message: number of listeners that received it, and the time of the last, in ms since the epoch. Bounded: a few rounds. */
const heard = new Map<string, { count: number; lastAtMs: number }>()
let changed = Promise.withResolvers<void>()

function recordHeard(text: string): void {
  heard.set(text, { count: (heard.get(text)?.count ?? 0) + 1, lastAtMs: Date.now() })
  changed.resolve()
  changed = Promise.withResolvers()
}

const calls = {
  /** Tabs that tap the end, in turn behind each of the homes. Resolves once all can be found. */
  async tap({ count, homes, end }: { count: number; homes: string[]; end: string }): Promise<void> {
    await mapParallel(Array.from({ length: count }), PARALLEL, async (_, index) => {
      const peer = await createPeer({ join: [homes[index % homes.length] as string] })
      await peer.start()
      await peer.joined({ signal: AbortSignal.timeout(JOIN_MS) })
      const tap = peer.messages.tap(end)
      void follow(tap)
      await tap.ready
    })
  },

  async websockets({ count, port }: { count: number; port: number }): Promise<void> {
    await mapParallel(Array.from({ length: count }), PARALLEL, async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}`)
      await once(socket, 'open')
      socket.on('message', (data) => recordHeard(String(data)))
    })
  },

  async redis({ count, port }: { count: number; port: number }): Promise<void> {
    await mapParallel(Array.from({ length: count }), PARALLEL, async () => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true })
      await once(socket, 'connect')
      socket.write('SUBSCRIBE bench\r\n')
      await once(socket, 'data')
      // A message is short, and comes in one piece: its last line but one is the text.
      socket.on('data', (data: Buffer) => recordHeard(data.toString('latin1').split('\r\n').at(-2) ?? ''))
    })
  },

  /** Resolves once so many have heard it, with the time at which the last one did, in ms since the epoch. */
  async whenHeard({ text, count, timeoutMs }: { text: string; count: number; timeoutMs: number }): Promise<number> {
    const late = AbortSignal.timeout(timeoutMs)
    for (;;) {
      const now = heard.get(text)
      if (now !== undefined && now.count >= count) return now.lastAtMs
      if (late.aborted) throw new Error(`${now?.count ?? 0} of ${count} have heard it after ${timeoutMs} ms`)
      await Promise.race([changed.promise, new Promise((resolve) => setTimeout(resolve, 100))])
    }
  },
}

async function follow(tap: Tap): Promise<void> {
  for await (const { body } of tap) recordHeard(new TextDecoder().decode(body))
}

export type ListenerSwarmCalls = typeof calls
serveCalls(calls)
