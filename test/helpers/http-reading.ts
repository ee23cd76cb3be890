/** One answer, read to its end or to where it is cut, without keeping it. */

import { createHash } from 'node:crypto'
import { request } from 'node:http'

export interface HttpReading {
  status: number
  /** False when the connection was cut before the promised length. */
  isComplete: boolean
  /** Bytes received. */
  size: number
  /** Its SHA-256, in hex. */
  hash: string
}

export function readOnce(port: number, path: string): Promise<HttpReading> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, agent: false }, (incoming) => {
      const digest = createHash('sha256')
      let size = 0
      incoming.on('data', (chunk: Buffer) => {
        digest.update(chunk)
        size += chunk.byteLength
      })
      incoming.on('error', () => {})
      incoming.on('close', () =>
        resolve({ status: incoming.statusCode ?? 0, isComplete: incoming.complete, size, hash: digest.digest('hex') }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}
