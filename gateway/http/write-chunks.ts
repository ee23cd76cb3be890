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
    source.keepNothing()
    while (!outgoing.destroyed) {
      const one = await source.next()
      if (one === 'cut' || outgoing.destroyed) break // the client may have left meanwhile
      if (one === 'end') {
        outgoing.off('close', leave)
        outgoing.end()
        break
      }
      await written(one.chunk, outgoing)
    }
  } catch (error) {
    outgoing.destroy(error instanceof Error ? error : new Error(String(error)))
  }
  return true
}

/** Writes the chunk. Resolves when the system has it and takes more, or when the client has gone away. */
function written(chunk: Uint8Array | string, outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    let isHalfDone = false
    const goOn = () => {
      outgoing.off('drain', proceed)
      outgoing.off('close', goOn)
      resolve()
    }
    const proceed = () => {
      if (isHalfDone) goOn()
      isHalfDone = true
    }
    outgoing.on('close', goOn)
    // The frame of a chunk may still wait when its bytes are written.
    if (outgoing.write(chunk, proceed)) proceed()
    else outgoing.once('drain', proceed)
  })
}
