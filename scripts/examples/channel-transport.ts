/** A channel as the transport of Cap'n Web (`capnweb`): objects whose methods another instance calls. */

import type { RpcTransport } from 'capnweb'
import type { Channel } from '../../node/index.ts'

/** How long the other end may be silent when it is asked for a sign of life, in ms. */
const SILENT_MS = 30_000

/** Cap'n Web has no time-outs: a sign of life is asked for, and its calls fail once the other end has gone. */
export function channelTransport(channel: Channel): RpcTransport {
  const messages = channel[Symbol.asyncIterator]()
  const asking = setInterval(() => {
    channel.ping({ signal: AbortSignal.timeout(SILENT_MS) }).catch(() => channel.close())
  }, SILENT_MS)
  void channel.closed.then(() => clearInterval(asking))
  return {
    // A call that fails since the channel has ended would hide why: `receive` tells it.
    send: (message) => channel.send(message).catch(() => {}),
    async receive() {
      const { value, done } = await messages.next()
      if (done) throw (await channel.closed) ?? new Error('The other end has closed the channel')
      return String(value)
    },
    abort: () => channel.close(),
  }
}
