/** A sender in other systems. */

import { DatabaseSync } from 'node:sqlite'
import { createGroupCommit } from '../../../node/server/store/group-commit.ts'
import { connectHttp, connectJetStream, connectMqtt, connectRedis, connectSignedHttp, type PostClient } from '../message-clients.ts'
import { type LoadOptions, type LoadResult, runLoad } from '../post-load.ts'
import { serveCalls } from '../worker.ts'

const CONNECT = { http: connectHttp, 'signed-http': connectSignedHttp, redis: connectRedis, jetstream: connectJetStream, mqtt: connectMqtt }
export type PostProtocol = keyof typeof CONNECT

let client: PostClient | undefined

const calls = {
  /** @param outbox where each post is written down, durably, before it is sent; nowhere when left out */
  async connect({ protocol, port, outbox }: { protocol: PostProtocol; port: number; outbox?: string }): Promise<void> {
    const plain = await CONNECT[protocol](port)
    client = outbox === undefined ? plain : withOutbox(plain, outbox)
  },
  async post(options: LoadOptions): Promise<LoadResult> {
    if (client === undefined) throw new Error('it is not connected')
    return runLoad(options, client.post)
  },
}

function withOutbox({ post }: PostClient, path: string): PostClient {
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE posts (id INTEGER PRIMARY KEY, body TEXT, is_done INTEGER) STRICT`)
  const insert = database.prepare('INSERT INTO posts (id, body, is_done) VALUES (?, ?, 0)')
  const finish = database.prepare('UPDATE posts SET is_done = 1 WHERE id = ?')
  const group = createGroupCommit<() => void, unknown>({
    commit(changes) {
      database.exec('BEGIN IMMEDIATE')
      for (const change of changes) change()
      database.exec('COMMIT')
      return changes.map(() => undefined)
    },
    failed: (error) => error,
  })
  const durably = async (change: () => void) => {
    const error = await group.add(change)
    if (error !== undefined) throw error
  }
  let next = 0
  return {
    async post(body) {
      const id = ++next
      await durably(() => void insert.run(id, body))
      await post(body)
      await durably(() => void finish.run(id))
    },
  }
}

export type MessagePosterCalls = typeof calls
serveCalls(calls)
