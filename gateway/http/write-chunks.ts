/** Writes an answer that comes in chunks to its socket, no faster than the client takes them. */

import type { ServerResponse } from 'node:http'
import { takeChunks } from './body-stream.ts'

/** False for an answer that comes in another form, of which nothing is written. Resolves once the answer is over, whoever has ended it. */
export async function writeChunks(answer: Response, outgoing: ServerResponse): Promise<boolean> {
  const source = takeChunks(answer)
  if (source === undefined) return false
  const leave = () => void source.leave().catch(() => {}) // nobody waits for what reading throws then
  if (outgoing.destroyed) {
    leave()
    return true
  }
  outgoing.once('close', leave)
  outgoing.on('error', leave) // without a listener, an error would end the process
  try {
    outgoing.writeHead(answer.status, Object.fromEntries(answer.headers))
    outgoing.flushHeaders() // the first chunk may take a while
    while (!outgoing.destroyed) {
      const one = await source.next()
      if (one === 'cut' || outgoing.destroyed) break // the client may have left meanwhile
      if (one === 'end') {
        outgoing.off('close', leave)
        outgoing.end()
        break
      }
      if (!outgoing.write(one.chunk) && !outgoing.destroyed) await untilDrained(outgoing)
    }
  } catch (error) {
    outgoing.destroy(error instanceof Error ? error : new Error(String(error)))
  }
  return true
}

/** Resolves, too, when the client has gone away. */
function untilDrained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const goOn = () => {
      outgoing.off('drain', goOn)
      outgoing.off('close', goOn)
      resolve()
    }
    outgoing.on('drain', goOn)
    outgoing.on('close', goOn)
  })
}
