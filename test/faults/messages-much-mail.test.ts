/** More stored messages than a home accepts at once: all reach a receiver that was away, without their senders. */

import { expect, it } from 'vitest'
import { createMessageSecret, publicKeyOf } from '../../node/messages/index.ts'
import { TASK } from '../../node/messages/protocol/wire.ts'
import { createMessageKeeper } from '../helpers/message-keeper.ts'
import { startMessagePeer } from '../helpers/message-peer.ts'
import { createNetwork } from '../helpers/network.ts'
import { signSealed } from '../helpers/signed-messages.ts'
import { waitFor } from '../helpers/wait-for.ts'

const SENDERS = 3
const MESSAGES_EACH = 700

it('stored messages: more than a home admits at once all arrive, once', async () => {
  const network = await createNetwork({ nodes: 2 })
  const [first, second] = network.nodes
  const secret = createMessageSecret()
  for (let i = 0; i < SENDERS; i++) {
    const sender = createMessageSecret()
    const peer = await startMessagePeer({ role: 'tab', join: first.address })
    const stream = await peer.open(first.address)
    for (let sequence = 1; sequence <= MESSAGES_EACH; sequence++) {
      const { bytes } = await signSealed(publicKeyOf(secret), { body: `${i} ${sequence}` }, { secret: sender })
      stream.send({ type: 'post', sequence, task: TASK.record, rank: 0, envelope: bytes })
    }
    await stream.answer(MESSAGES_EACH)
    await peer.stop()
  }
  expect(first.peer.status().counts.mail).toBe(SENDERS * MESSAGES_EACH)
  const keeper = createMessageKeeper()
  const { messages } = await network.addTab(second, { messageSecret: secret })
  messages.tap(messages.hashname, { keep: keeper.keep })
  await waitFor(
    () => keeper.stored.size === SENDERS * MESSAGES_EACH,
    20_000,
    () => `all come: ${keeper.stored.size}`,
  )
  await waitFor(() => first.peer.status().counts.mail === 0, 10_000, 'it is kept no longer')
})
