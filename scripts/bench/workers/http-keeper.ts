/**
 * The receiver that one would write without mayfly: an HTTP server that answers 200 once the body is in its SQLite, synced; one sync for all that
 * came meanwhile. A signed message is verified, and answered with a signature, as mayfly does with each message.
 */

import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { createGroupCommit } from '../../../node/server/store/group-commit.ts'
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
      if (request.method === 'GET') return void response.end(OWN.publicKey.export({ format: 'der', type: 'spki' }))
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.once('end', async () => {
        const body = Buffer.concat(chunks)
        const signature = signatureOf(request, body)
        const isStored = signature !== undefined && (await group.add(body))
        const receipt = isStored && signature.length > 0 ? sign(null, signature, OWN.privateKey) : undefined
        response.writeHead(isStored ? 200 : 500).end(receipt)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  },
}

const OWN = generateKeyPairSync('ed25519')
/** Senders by their keys, as they send them. Bounded: a benchmark has few. */
const senders = new Map<string, ReturnType<typeof createPublicKey>>()

/** Empty for an unsigned message; undefined when its signature is wrong. */
function signatureOf({ headers: { key, signature } }: IncomingMessage, body: Buffer): Buffer | undefined {
  if (typeof key !== 'string' || typeof signature !== 'string') return Buffer.alloc(0)
  const sender = senders.get(key) ?? createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' })
  senders.set(key, sender)
  const bytes = Buffer.from(signature, 'base64')
  return verify(null, body, sender, bytes) ? bytes : undefined
}

export type HttpKeeperCalls = typeof calls
serveCalls(calls)
