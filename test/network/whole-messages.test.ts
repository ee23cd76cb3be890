import { defaultLogger } from '@libp2p/logger'
import fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { expect, test } from 'vitest'
import { setShortcut } from '../../node/network/frames.ts'
import { createFrameStream } from '../../node/network/index.ts'
import { useWholeMessages } from '../../node/network/whole-messages.ts'
// Not among the package's exports, and without the native library that those load.
import { createStream } from '../../node_modules/@libp2p/webrtc/dist/src/stream.js'

/** A data channel that keeps what it is given, and can bring something. */
function createChannel() {
  const sent: Uint8Array[] = []
  const channel = Object.assign(new EventTarget(), {
    id: 1,
    readyState: 'open',
    bufferedAmount: 0,
    onmessage: (_: { data: ArrayBuffer }) => {},
    onbufferedamountlow: undefined,
    send: (data: Uint8Array) => sent.push(data.slice()),
    close() {},
  })
  return { sent, channel: channel as unknown as RTCDataChannel & { onmessage(event: { data: ArrayBuffer }): void } }
}

const open = (channel: RTCDataChannel) =>
  createStream({ channel, direction: 'outbound', log: defaultLogger().forComponent('test') } as never)

test('frames over WebRTC: each is one message of the data channel, with its length in front', async () => {
  setShortcut(useWholeMessages) // as the code for direct connections does
  const { sent, channel } = createChannel()
  const frames = createFrameStream(open(channel), { maxFrameBytes: 1_000, maxUnsentBytes: 10_000, onFrame() {}, onEnd() {} })
  for (let n = 0; n < 3; n++) frames.send([n, 'hello'])
  expect(sent).toHaveLength(3)
  for (const message of sent) expect(message[0]).toBe(message.byteLength - 1)
})

test('frames over WebRTC: a reader gets what such a stream sends, whole or in pieces', async () => {
  const { sent, channel } = createChannel()
  const written = open(channel)
  written.send(Uint8Array.of(1)) // as other programs send it
  useWholeMessages(written)
  useWholeMessages(written)
  written.send(new Uint8ArrayList(Uint8Array.of(2), Uint8Array.of(3)))
  expect(sent.map(({ byteLength }) => byteLength)).toEqual([1, 3, 5])
  const far = createChannel().channel
  const read = open(far)
  const got: number[] = []
  const all = new Promise<void>((resolve) => {
    read.addEventListener('message', ({ data }) => {
      got.push(...data.subarray())
      if (got.length === 3) resolve()
    })
  })
  for (const data of sent) far.onmessage({ data: data.buffer as ArrayBuffer })
  await all
  expect(got).toEqual([1, 2, 3])
})

/** Gives all to a stream that takes whole messages, and resolves with the bytes that it hands out, and how many of them at once, without a wait. */
async function readAll(sent: readonly Uint8Array[]): Promise<{ got: number[]; atOnce: number }> {
  const far = createChannel().channel
  const read = open(far)
  const got: number[] = []
  useWholeMessages(read, (data) => got.push(...data) > 0)
  let atOnce = 0
  read.addEventListener('message', ({ data }) => got.push(...data.subarray()))
  for (const data of sent) {
    const before = got.length
    far.onmessage({ data: data.slice().buffer })
    if (got.length > before) atOnce++
    // As in a browser: an event is a turn of its own.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { got, atOnce }
}

function sentBy(write: (stream: ReturnType<typeof open>) => void, isWhole: boolean): Uint8Array[] {
  const { sent, channel } = createChannel()
  const stream = open(channel)
  if (isWhole) useWholeMessages(stream)
  write(stream)
  return sent
}

const writeAll = (parts: Uint8Array[]) => (stream: ReturnType<typeof open>) => {
  for (const part of parts) stream.send(part)
}

test('whole messages over WebRTC wait while the data channel is full, and go out in order when it has room', async () => {
  const { sent, channel } = createChannel()
  const stream = open(channel)
  useWholeMessages(stream)
  const set = (bufferedAmount: number) => Object.assign(channel, { bufferedAmount })
  set(100_000_000)
  expect(stream.send(Uint8Array.of(1))).toBe(false)
  for (const i of [2, 3]) stream.send(Uint8Array.of(i))
  expect([sent.length, stream.writableNeedsDrain]).toEqual([1, true])
  set(0)
  channel.onbufferedamountlow?.(new Event('bufferedamountlow'))
  await new Promise((resolve) => setImmediate(resolve))
  expect(stream.send(Uint8Array.of(4))).toBe(true)
  expect((await readAll(sent)).got).toEqual([1, 2, 3, 4])
})

test('whole messages over WebRTC are handed out as they come, from the second one on', async () => {
  const parts = [1, 200, 16_000].map((size) => new Uint8Array(size).fill(size & 0xff))
  const { got, atOnce } = await readAll(sentBy(writeAll(parts), true))
  expect(got).toEqual(parts.flatMap((part) => [...part]))
  expect(atOnce).toBe(2)
})

test('messages over WebRTC that are in pieces, or hold what looks like another message arrive in order, whatever they are cut into', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat(6), { maxLength: 30 }),
      async (parts, cuts) => {
        const sent = parts.flatMap(([bytes, isWhole, isNested]) => {
          const [inner] = sentBy(writeAll([bytes]), true)
          return sentBy(writeAll([isNested && inner !== undefined ? inner : bytes]), isWhole)
        })
        const wanted = parts.flatMap(([bytes, , isNested]) => {
          const [inner] = sentBy(writeAll([bytes]), true)
          return [...(isNested && inner !== undefined ? inner : bytes)]
        })
        const pieces = sent.flatMap((message, i) => cutAt(message, cuts[i] ?? 0))
        expect((await readAll(pieces)).got).toEqual(wanted)
      },
    ),
    { numRuns: 60 },
  )
})

/** The message whole for 0, else in two where there is room for that. */
function cutAt(message: Uint8Array, at: number): Uint8Array[] {
  return at === 0 || at >= message.byteLength ? [message] : [message.subarray(0, at), message.subarray(at)]
}
