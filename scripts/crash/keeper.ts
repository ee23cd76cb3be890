/**
 * A process that keeps messages in an inbox as fast as it can, and prints the number of each once it is stored, until it is killed. A
 * message's content follows from its number, so that a later reader of the inbox can check it.
 *
 *   node scripts/crash/keeper.ts INBOX FIRST [COUNT] [WORKERS]
 */

import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import type { Message } from '../../node/messages/types.ts'
import { openInbox } from '../../node/server/inbox/inbox.ts'

export const KEEPER_END = '#crash'
export const KEEPER_HASHNAME = 'a'.repeat(52)
/** Under way at once: a busy receiver. */
const WORKERS = 32
/** Longer than the show, so that no message expires. */
const TTL_MS = 7 * 86_400_000
const SENDERS = 16

/** From a few bytes to a few kilobytes: some rows are larger than a page. */
export function messageOf(number: number): Message {
  const seed = createHash('sha256').update(`message ${number}`).digest()
  const body = Buffer.from(`${number} ${seed.toString('hex').repeat(number % 97 === 0 ? 100 : (number % 5) + 1)}`)
  return {
    id: new Uint8Array(seed),
    from: new Uint8Array(
      createHash('sha256')
        .update(`sender ${number % SENDERS}`)
        .digest(),
    ),
    to: new Uint8Array(32),
    sentAtMs: Date.now(),
    expiresAtMs: Date.now() + TTL_MS,
    isSealed: number % 2 === 0,
    type: 'text/plain',
    fields: { number: String(number) },
    body: new Uint8Array(body),
    envelope: new Uint8Array(Buffer.concat([seed, body, seed])),
  }
}

async function keep(path: string, first: number, count: number, workers: number): Promise<void> {
  const inbox = openInbox({ path, hashname: KEEPER_HASHNAME, senderRate: 0 })
  let next = first
  const work = async () => {
    while (next < first + count) {
      const number = next++
      const [kept] = await inbox.keep(KEEPER_END, [messageOf(number)])
      say(kept === 'stored' ? `${number}\n` : `refused ${kept}\n`)
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  inbox.close()
}

/** Writes synchronously and in one piece: the process may be killed at the next instant. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, line)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1) // the pipe is full: its reader is behind
    }
  }
}

if (import.meta.main) {
  const [path = '', first, count, workers] = process.argv.slice(2)
  await keep(path, Number(first), count === undefined ? Number.POSITIVE_INFINITY : Number(count), Number(workers ?? WORKERS))
}
