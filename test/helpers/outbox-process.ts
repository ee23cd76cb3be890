/**
 * A process that posts through an outbox on a SQLite file, one message after the other, says the id of each once it is written, and kills
 * itself at the beginning of a try, when its message is not written yet: `node outbox-process.ts FILE DIES-AT-TRY`.
 */

import { createMessageSecret, encodeKeyHex } from '../../node/index.ts'
import { createComposer } from '../../node/messages/outbox/composer.ts'
import { createOutbox } from '../../node/messages/outbox/outbox.ts'
import { openOutboxStore } from '../../node/server/store/outbox-store.ts'

const [path = '', diesAt = '1'] = process.argv.slice(2)
let tries = 0

const store = openOutboxStore(path)
const outbox = createOutbox({
  store,
  composer: createComposer({ store, findPublicKey: async () => undefined, limits: { maxMessageBytes: 65_536 }, now: Date.now }),
  attempt() {
    if (++tries === Number(diesAt)) process.kill(process.pid, 'SIGKILL')
    return new Promise(() => {})
  },
  secret: createMessageSecret(),
  emit() {},
  now: Date.now,
  random: Math.random,
})
outbox.onOutbox(({ id }) => process.stdout.write(`${encodeKeyHex(id)}\n`))
await outbox.start()
for (let i = 0; ; i++) await outbox.post('#wall', { body: `message ${i}` }, { waitMs: 1 })
