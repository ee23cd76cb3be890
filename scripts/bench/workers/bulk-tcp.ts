/** Bytes over a bare TCP connection, with SHA-256 of the whole at the reader: the least that any transfer in Node.js costs. */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { type BulkContent, bulkParts } from '../bulk-content.ts'
import { sha256Of } from '../bulk-hash.ts'
import { startBulkMeter } from '../bulk-meter.ts'
import { serveCalls } from '../worker.ts'
import type { BulkPeerCalls } from './bulk-peer.ts'

const PART_BYTES = 1_048_576

let socket: Socket

const calls: BulkPeerCalls = {
  async start({ connect: address }) {
    if (address !== undefined) {
      socket = connect({ port: Number(address), host: '127.0.0.1', noDelay: true })
      await once(socket, 'connect')
      return ''
    }
    const server = createServer({ noDelay: true }, (asked) =>
      asked.on('data', (question) => {
        const content = JSON.parse(question.toString()) as BulkContent
        Readable.from(bulkParts(content, PART_BYTES), { objectMode: false }).pipe(asked, { end: false })
      }),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return String((server.address() as AddressInfo).port)
  },
  offer: async (content) => sha256Of(content),
  async read({ content, reference }) {
    const hash = createHash('sha256')
    const meter = startBulkMeter(content)
    let missing = content.size
    socket.write(JSON.stringify(content))
    await new Promise<void>((resolve, reject) => {
      const onData = (bytes: Buffer) => {
        hash.update(bytes)
        meter.take(bytes)
        missing -= bytes.byteLength
        if (missing > 0) return
        socket.off('data', onData).off('error', reject)
        resolve()
      }
      socket.on('data', onData).on('error', reject)
    })
    if (hash.digest('hex') !== reference) throw new Error('the whole has another SHA-256')
    return meter.end()
  },
}

serveCalls(calls)
