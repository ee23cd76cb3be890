import { expect, test } from 'vitest'
import { decodeKeyHex, decodeLinkKey, encodeKeyHex, linkKeyTextOf, type Message, openSealed, type Peer } from '../../node/index.ts'
import { createNetwork, type TestNode } from '../helpers/network.ts'
import { readAll } from '../helpers/read-all.ts'

/** Fetches the content behind the message's link, as a reader with nothing but the message does. */
async function follow(peer: Peer, { fields }: Message): Promise<Uint8Array> {
  const url = new URL(fields.link ?? '', 'http://gateway.example')
  const key = decodeKeyHex(url.pathname.slice(1))
  const outline = url.searchParams.get('o')
  const opened = await peer.content.open(key, outline === null ? {} : { outline: decodeKeyHex(outline) })
  const secret = linkKeyTextOf(url.hash)
  if (secret === undefined) return readAll(opened.read())
  return readAll((await openSealed(opened, decodeLinkKey(secret))).read())
}

async function firstOf(messages: AsyncIterable<Message>): Promise<Message> {
  for await (const message of messages) return message
  throw new Error('the tap was closed')
}

function twoOf(nodes: TestNode[]): [Peer, Peer] {
  const [first, second] = nodes
  if (first === undefined || second === undefined) throw new Error('two nodes')
  return [first.peer, second.peer]
}

test('messages: a body that is too large is held as content, and the message carries its link', async () => {
  const { nodes } = await createNetwork({ nodes: 2 })
  const [from, to] = twoOf(nodes)
  const body = new Uint8Array(300_000).map((_, index) => index % 251)
  const tap = to.messages.tap('#wall')
  const heard = firstOf(tap)
  await tap.ready
  const { outcome } = await from.messages.post('#wall', { body, type: 'image/png' })
  expect(outcome).toEqual({ state: 'heard', taps: 1 })
  const message = await heard
  expect(message.body.byteLength).toBe(0)
  expect(message.type).toBe('image/png')
  expect(Buffer.from(await follow(to, message)).equals(body)).toBe(true)
})

test('messages: the large body of a sealed message is cipher text to everybody else', async () => {
  const { nodes } = await createNetwork({ nodes: 2 })
  const [from, to] = twoOf(nodes)
  const body = 'between us '.repeat(10_000)
  const tap = to.messages.tap(to.messages.hashname)
  const heard = firstOf(tap)
  await tap.ready
  await from.messages.post(to.messages.hashname, { body })
  const message = await heard
  expect(message.isSealed).toBe(true)
  const hash = (message.fields.link ?? '').slice(1, 65)
  expect(from.content.held().map(({ key }) => encodeKeyHex(key))).toEqual([hash])
  const held = await readAll((await to.content.open(decodeKeyHex(hash))).read())
  expect(Buffer.from(held).includes('between us')).toBe(false)
  expect(new TextDecoder().decode(await follow(to, message))).toBe(body)
})
