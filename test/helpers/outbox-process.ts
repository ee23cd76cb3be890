/**
 * A process that posts through an outbox on a SQLite file, says the id of each message once it is written, and kills itself in the middle of
 * a try: `node outbox-process.ts FILE MESSAGES DIES-AT-TRY`.
 */

import { createMessageSecret, encodeKeyHex } from '../../node/index.ts'
import { createOutbox } from '../../node/messages/outbox.ts'
import { openOutboxStore } from '../../node/server/outbox-store.ts'

const [path = '', messages = '1', diesAt = '1'] = process.argv.slice(2)
let tries = 0

const outbox = createOutbox({
  store: openOutboxStore(path),
  attempt() {
    if (++tries === Number(diesAt)) process.kill(process.pid, 'SIGKILL')
    return new Promise(() => {})
  },
  findPublicKey: async () => undefined,
  secret: createMessageSecret(),
  limits: { maxMessageBytes: 65_536 },
  emit() {},
  now: Date.now,
  random: Math.random,
})
outbox.onOutbox(({ id }) => process.stdout.write(`${encodeKeyHex(id)}\n`))
await outbox.start()
await Promise.all(Array.from({ length: Number(messages) }, (_, i) => outbox.post('#wall', { body: `message ${i}` })))
