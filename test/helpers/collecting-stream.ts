/** An output stream that collects its text, as a terminal or as a pipe. */

import { Writable } from 'node:stream'

export interface CollectingStream extends Writable {
  isTTY?: boolean
  columns?: number
  text(): string
}

export function createCollectingStream({ isTTY = false, columns }: { isTTY?: boolean; columns?: number } = {}): CollectingStream {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk)
      done()
    },
  })
  return Object.assign(stream, { isTTY, ...(columns !== undefined && { columns }), text: () => Buffer.concat(chunks).toString() })
}
