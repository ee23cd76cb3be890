/** Forged messages, receipts and proofs, over real streams, from a peer that knows the protocol. */

import { peerIdFromString } from '@libp2p/peer-id'
import { decode, encode } from 'cborg'
import { describe, expect, it } from 'vitest'
import { encodeKeyHex } from '../../node/index.ts'
import { signDecline } from '../../node/messages/format/decline.ts'
import { signTapProof, TAP_PROOF_MS } from '../../node/messages/format/proof.ts'
import { createMessageSecret, hashnameOf, publicKeyOf, signReceipt } from '../../node/messages/index.ts'
import { type MessageFrame, TASK } from '../../node/messages/protocol/wire.ts'
import { createMessageKeeper } from '../helpers/message-keeper.ts'
import { startMessagePeer } from '../helpers/message-peer.ts'
import { createNetwork, type TestNode } from '../helpers/network.ts'
import { signOpen, signSealed } from '../helpers/signed-messages.ts'
import { waitFor } from '../helpers/wait-for.ts'

const multihashOf = ({ peer }: TestNode) => peerIdFromString(peer.id).toMultihash().bytes

/** The envelope with one bit of its signature flipped. */
const flipped = (bytes: Uint8Array) => bytes.with(bytes.byteLength - 1, (bytes.at(-1) ?? 0) ^ 1)

/** The envelope with one entry of the signed part changed, and the old signature. */
function altered(bytes: Uint8Array, index: number, change: (entry: never) => unknown): Uint8Array {
  const [part, signature] = decode(bytes) as [Uint8Array, Uint8Array]
  const entries = decode(part) as unknown[]
  entries[index] = change(entries[index] as never)
  return new Uint8Array(encode([encode(entries), signature]))
}

/** Sends them from a new peer, some on each of several streams, and waits until the connection is ended. */
async function sendUntilCutOff(node: TestNode, frames: MessageFrame[]): Promise<MessageFrame[]> {
  const peer = await startMessagePeer({ role: 'tab', join: node.address })
  const answers: MessageFrame[][] = []
  let isConnected = () => true
  for (let i = 0; i < frames.length && isConnected(); i += 5) {
    const stream = await peer.open(node.address).catch(() => undefined)
    if (stream === undefined) break
    answers.push(stream.received)
    isConnected = () => stream.connection.status === 'open'
    for (const frame of frames.slice(i, i + 5)) stream.send(frame)
  }
  await waitFor(() => !isConnected(), 10_000, 'the connection is ended')
  expect(node.events.some((event) => event.type === 'refused' && event.peer === peer.id)).toBe(true)
  await peer.stop()
  return answers.flat()
}

const repeat = (frame: (i: number) => MessageFrame) => Array.from({ length: 20 }, (_, i) => frame(i))

describe('forgeries', () => {
  it('of messages reach nobody, in any forged field and on any path, and end the connection', async () => {
    const network = await createNetwork({ nodes: 2 })
    const [node, other] = network.nodes
    const secret = createMessageSecret()
    const keeper = createMessageKeeper()
    const { messages } = await network.addTab(node, { messageSecret: secret })
    const taps = ['#wall', '#other', messages.hashname].map((end) => messages.tap(end, { keep: keeper.keep }))
    await Promise.all(taps.map(({ ready }) => ready))
    const sealed = await signSealed(publicKeyOf(secret), { body: 'sealed' })
    const stranger = publicKeyOf(createMessageSecret())
    const forgeries: ((bytes: Uint8Array) => Uint8Array)[] = [
      flipped,
      (bytes) => altered(bytes, 1, () => stranger),
      (bytes) => altered(bytes, 2, () => signOpen('#other', { body: '' }).to),
      (bytes) => altered(bytes, 3, (sentAtMs: number) => sentAtMs + 1),
      (bytes) => altered(bytes, 4, (ttlMs: number) => ttlMs + 1),
      (bytes) => altered(bytes, 6, (payload: Uint8Array) => payload.with(payload.byteLength - 1, (payload.at(-1) ?? 0) ^ 1)),
    ]
    for (const [i, forge] of forgeries.entries()) {
      const task = [TASK.route, TASK.record, TASK.copy][i % 3] as (typeof TASK)[keyof typeof TASK]
      const answers = await sendUntilCutOff(
        node,
        repeat((sequence) => {
          const { bytes } = sequence % 2 === 0 ? sealed : signOpen('#wall', { body: `forged ${sequence}` })
          return { type: 'post', sequence, task, rank: 0, envelope: forge(bytes) }
        }),
      )
      for (const answer of answers) expect(answer).toMatchObject({ type: 'taken', refusal: { reason: 'forged' } })
    }
    expect((await other.peer.messages.post('#wall', { body: 'a right one' })).outcome.state).toBe('stored')
    expect(keeper.texts()).toEqual(['a right one'])
  })

  it('of receipts and declines change nothing: the message stays stored, and its sender gets no outcome', async () => {
    const network = await createNetwork({ nodes: 3 })
    const [first, second, third] = network.nodes
    const secret = createMessageSecret()
    const end = hashnameOf(publicKeyOf(secret))
    const receiver = await network.addTab(third, { messageSecret: secret })
    const tap = receiver.messages.tap(end, { keep: createMessageKeeper().keep })
    await tap.ready
    await second.peer.messages.post(end, { body: 'so that its key is known' })
    await tap.close()
    const { id, outcome } = await second.peer.messages.post(end, { body: 'for who is away' })
    expect(outcome).toMatchObject({ state: 'queued', nodes: 3 })
    const stateOf = async () => (await second.peer.messages.outbox()).find((entry) => encodeKeyHex(entry.id) === encodeKeyHex(id))?.outcome
    const mail = () => network.nodes.map(({ peer }) => peer.status().counts.mail)
    expect(mail()).toEqual([1, 1, 1])

    const stranger = createMessageSecret()
    const receiverKey = publicKeyOf(secret)
    const nowMs = Date.now()
    const receipts = [
      signReceipt(stranger, [id], nowMs).bytes,
      flipped(signReceipt(secret, [id], nowMs).bytes),
      altered(signReceipt(stranger, [id], nowMs).bytes, 1, () => receiverKey),
      altered(signReceipt(secret, [id], nowMs).bytes, 3, (storedAtMs: number) => storedAtMs + 1),
    ]
    const declines = [
      signDecline(stranger, id, 'muted', nowMs).bytes,
      flipped(signDecline(secret, id, 'muted', nowMs).bytes),
      altered(signDecline(stranger, id, 'muted', nowMs).bytes, 1, () => receiverKey),
    ]
    for (const node of network.nodes) {
      await sendUntilCutOff(
        node,
        repeat((i) => ({ type: 'receipt', receipt: receipts[i % receipts.length] as Uint8Array })),
      )
      await sendUntilCutOff(
        node,
        repeat((i) => ({ type: 'decline', decline: declines[i % declines.length] as Uint8Array })),
      )
    }
    expect(mail()).toEqual([1, 1, 1])
    expect((await stateOf())?.state).toBe('queued')

    const honest = await (await startMessagePeer({ role: 'tab', join: first.address })).open(first.address)
    honest.send({ type: 'receipt', receipt: signReceipt(secret, [id], nowMs).bytes })
    await waitFor(() => first.peer.status().counts.mail === 0, 5_000, 'the right one is believed')
  })

  it('of proofs open nothing: neither an impostor nor a proof for another home opens a tap or gets stored messages', async () => {
    const network = await createNetwork({ nodes: 2 })
    const [node, other] = network.nodes
    const secret = createMessageSecret()
    const end = hashnameOf(publicKeyOf(secret))
    const { messages } = await network.addTab(other, { messageSecret: secret })
    const tap = messages.tap(end, { keep: createMessageKeeper().keep })
    await tap.ready
    await other.peer.messages.post(end, { body: 'so that its key is known' })
    await tap.close()
    const sealed = await signSealed(publicKeyOf(secret), { body: 'mail' })
    expect((await other.peer.messages.post(end, { body: 'mail' })).outcome).toMatchObject({ state: 'queued', nodes: 2 })

    const impostor = createMessageSecret()
    const proofs = [
      { ...signTapProof(impostor, multihashOf(node), Date.now()), publicKey: publicKeyOf(secret) },
      signTapProof(impostor, multihashOf(node), Date.now()),
      signTapProof(secret, multihashOf(other), Date.now()),
      signTapProof(secret, multihashOf(node), Date.now() - 2 * 86_400_000),
    ]
    const shown = (i: number) => proofs[i % proofs.length] as (typeof proofs)[number]
    const answers = await sendUntilCutOff(
      node,
      repeat((i) => ({ type: 'tap', sequence: i, end: sealed.to, rules: [], keeps: true, proof: shown(i) })),
    )
    expect(answers.length).toBeGreaterThan(0)
    for (const answer of answers) expect(answer).toMatchObject({ type: 'tapped', refused: 'proof' })
    await sendUntilCutOff(
      node,
      repeat((i) => ({ type: 'collect', end: sealed.to, proof: shown(i) })),
    )
    const peer = await startMessagePeer({ role: 'tab', join: node.address })
    const stream = await peer.open(node.address)
    stream.send({ type: 'tap', sequence: 1, end: sealed.to, rules: [], keeps: true, proof: undefined })
    await stream.answer(1)
    stream.send({ type: 'post', sequence: 2, task: TASK.copy, rank: 0, envelope: sealed.bytes })
    expect(await stream.answer(2)).toMatchObject({ type: 'taken', taps: 0 })
    expect(stream.received.map(({ type }) => type)).toEqual(['tapped', 'taken'])
    expect(node.peer.status().counts.mail).toBe(1)
  })

  it('are not proofs that have grown old on their way: they open nothing, and a home that passes them on keeps its connection', async () => {
    const network = await createNetwork({ nodes: 1 })
    const [node] = network.nodes
    const secret = createMessageSecret()
    const { to } = await signSealed(publicKeyOf(secret), { body: '' })
    const peer = await startMessagePeer({ role: 'tab', join: node.address })
    const stream = await peer.open(node.address)
    const old = (home: Uint8Array) => signTapProof(secret, home, Date.now() - TAP_PROOF_MS - 1)
    for (let i = 0; i < 10; i++) {
      stream.send({ type: 'collect', end: to, proof: old(peer.multihash) })
      stream.send({ type: 'tap', sequence: i, end: to, rules: [], keeps: true, proof: old(multihashOf(node)) })
      expect(await stream.answer(i)).toMatchObject({ refused: 'proof' })
    }
    stream.send({ type: 'ask-key', sequence: 10, end: to, isForTab: false })
    expect(await stream.answer(10)).toMatchObject({ publicKey: undefined })
    expect(stream.connection.status).toBe('open')
  })
})
