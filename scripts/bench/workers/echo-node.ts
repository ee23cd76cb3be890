/** A node with people: a guest in a room whose members answer each other's calls. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createPeer, type Peer } from '../../../node/index.ts'
import { createWebSocketListener } from '../../../node/server/port/listener.ts'
import { type EchoLoad, type EchoReading, type EchoValue, measureEcho } from '../echo-meter.ts'
import { waitUntil } from '../wait.ts'
import { serveCalls } from '../worker.ts'

const MEET_MS = 60_000

type People = NonNullable<Peer['people']>
let room: Awaited<ReturnType<People['room']>>

const calls = {
  /** Resolves with where others can join it. */
  async start({ join }: { join: string[] }): Promise<string> {
    const server = createServer((_, response) => response.writeHead(404).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const listener = createWebSocketListener(server)
    const peer = await createPeer({ role: 'node', listener, join, content: false, people: { account: { kind: 'guest' } } })
    await peer.start()
    if (join.length > 0) await peer.joined({ signal: AbortSignal.timeout(MEET_MS) })
    const people = peer.people as People
    await people.connect()
    room = await people.room('bench')
    room.module('echo', (value) => value)
    return `/ip4/127.0.0.1/tcp/${port}/ws/p2p/${peer.id}`
  },
  meet: () => waitUntil(() => room.present().length > 0, MEET_MS, 'the other node is in the room'),
  async measure(load: EchoLoad): Promise<EchoReading> {
    const [other] = room.present()
    if (other === undefined) throw new Error('the other node has left the room')
    const target = room.get(other.instance)
    return measureEcho(async (value: EchoValue) => {
      const [answer] = await target.message('echo', value).settled()
      if (answer === undefined || 'error' in answer) throw new Error(answer?.error.message ?? 'nobody answered')
      return answer.value
    }, load)
  },
}

export type EchoNodeCalls = typeof calls
serveCalls(calls)
