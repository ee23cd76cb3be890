/** The receiver that one would write without mayfly: an HTTP server that answers 200 once the body is in its SQLite, synced; one sync for all that came meanwhile. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { createGroupCommit } from '../../../node/server/group-commit.ts'
import { serveCalls } from '../worker.ts'

const calls = {
  /** @returns its port */
  async start({ path }: { path: string }): Promise<number> {
    const database = new DatabaseSync(path)
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      CREATE TABLE messages (sequence INTEGER PRIMARY KEY, body BLOB) STRICT`)
    const insert = database.prepare('INSERT INTO messages (body) VALUES (?)')
    const group = createGroupCommit<Buffer, boolean>({
      commit(bodies) {
        database.exec('BEGIN IMMEDIATE')
        for (const body of bodies) insert.run(body)
        database.exec('COMMIT')
        return bodies.map(() => true)
      },
      failed: () => false,
    })
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.once('end', async () => {
        const isStored = await group.add(Buffer.concat(chunks))
        response.writeHead(isStored ? 200 : 500).end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  },
}

export type HttpKeeperCalls = typeof calls
serveCalls(calls)
