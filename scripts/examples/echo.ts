/**
 * Echo in Node.js: each of these programs asks all others, as often as one comes, and prints what they answer.
 *
 *   node scripts/examples/echo.ts http://localhost:4000 [room]
 */

import { createPeer } from '../../node/index.ts'

const [gateway = 'http://localhost:4000', name = 'echo'] = process.argv.slice(2)
const peer = await createPeer<{ echo: { input: string; output: string } }>({ join: gateway, content: false, people: true })
await peer.start()
await peer.people.connect()
const room = await peer.people.room(name)
room.module('echo', (text) => `Not ${text}`)
room.on('peerconnect', ({ person }) => void ask(person.instance))

async function ask(instance: string): Promise<void> {
  for await (const answer of room.get(instance).message('echo', 'Friday')) {
    process.stdout.write(`${'value' in answer ? answer.value : answer.error.message}\n`)
  }
}

process.once('SIGTERM', () => void peer.stop())
