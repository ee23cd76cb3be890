/**
 * An object whose methods others call, by Cap'n Web over a channel in a room:
 *
 *   node scripts/examples/remote-object.ts http://localhost:4000 serve
 *   node scripts/examples/remote-object.ts http://localhost:4000 ask
 */

import { RpcSession, RpcTarget } from 'capnweb'
import { createPeer } from '../../node/index.ts'
import { channelTransport } from './channel-transport.ts'

class Counter extends RpcTarget {
  #count = 0
  increment(by: number): number {
    this.#count += by
    return this.#count
  }
}

const [gateway = 'http://localhost:4000', part = 'serve', password = 'example'] = process.argv.slice(2)
const peer = await createPeer({ join: gateway, content: false, people: true })
await peer.start()
await peer.people.connect()
const room = await peer.people.room('counter', { password })

if (part === 'serve') {
  const counter = new Counter() // one, for all who ask
  room.onChannel('counter', (channel) => void new RpcSession(channelTransport(channel), counter))
  room.setState({ serves: 'counter' })
  process.stdout.write('serving\n')
} else {
  const server = await new Promise<string>((resolve) => room.on('state', ({ person }) => resolve(person.instance)))
  const channel = await room.channel(server, 'counter')
  using counter = new RpcSession<Counter>(channelTransport(channel)).getRemoteMain()
  process.stdout.write(`${await counter.increment(2)}\n`)
  process.stdout.write(`${await counter.increment(3)}\n`)
  channel.close()
  await peer.stop()
}
