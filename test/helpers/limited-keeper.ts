/**
 * A process that stores messages until its files may grow no more, reports that, and tries again on a line of input. Its limit is set and raised
 * from outside.
 */

import { once } from 'node:events'
import { openInbox } from '../../node/server/inbox/inbox.ts'
import { sampleMessage } from './sample-messages.ts'

const BODY = 'word '.repeat(500)

// Without it the system ends a process that writes beyond the limit.
process.on('SIGXFSZ', () => {})

const events: string[] = []
const inbox = openInbox({ path: process.argv[2] as string, hashname: 'a', senderRate: 0, onEvent: ({ type }) => events.push(type) })
const keep = async () => (await inbox.keep('#a', [sampleMessage({ body: BODY })]))[0]

let stored = 0
let result = await keep()
while (result === 'stored') {
  stored++
  result = await keep()
}
process.stdout.write(`${JSON.stringify({ stored, result })}\n`)
await once(process.stdin, 'data')
result = await keep()
process.stdout.write(`${JSON.stringify({ stored: inbox.counts().messages, result, events })}\n`)
inbox.close()
process.stdin.destroy()
