/** Noise in a program that runs Node.js's packages without having all of its ciphers, as Bun 1.4.5 does. */

import nodeCrypto from 'node:crypto'
import { defaultLogger } from '@libp2p/logger'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { expect, onTestFinished, test, vi } from 'vitest'
import { keepNoiseKeys } from '../../node/network/native-noise.ts'
import { createNoise } from '../../node/network/noise.ts'
import { readLengthsQuietly } from '../../node/network/noise-lengths.ts'
import { createSeededPeer } from '../helpers/seeded-peer.ts'

const WITHOUT = { getCipherInfo: () => undefined }
/** @libp2p/noise takes the native cipher from 1,200 bytes on. */
const SIZES = [1, 1_199, 1_200, 60_000]

async function createEnd(seed: number, native?: typeof WITHOUT, prepare: (encrypter: unknown) => void = () => {}) {
  const { peer: peerId, privateKey } = await createSeededPeer(seed)
  const upgrader = { getStreamMuxers: () => new Map() } as never
  const sign = vi.spyOn(privateKey, 'sign')
  const encrypter = createNoise({}, native)({ peerId, privateKey, upgrader, logger: defaultLogger() })
  prepare(encrypter)
  return { peerId, sign, encrypter }
}

/** Sends messages from the first end to the second. @returns the bytes that arrive of each */
async function send(from: Awaited<ReturnType<typeof createEnd>>, to: typeof from, sizes: readonly number[]): Promise<number[]> {
  const [near, far] = multiaddrConnectionPair()
  const [{ connection: out }, { connection: into }] = await Promise.all([
    from.encrypter.secureOutbound(near, { remotePeer: to.peerId, skipStreamMuxerNegotiation: true }),
    to.encrypter.secureInbound(far, { remotePeer: from.peerId, skipStreamMuxerNegotiation: true }),
  ])
  const arrived: number[] = []
  for (const size of sizes) {
    const message = new Promise<number>((resolve) =>
      into.addEventListener('message', ({ data }) => resolve(data.byteLength), { once: true }),
    )
    out.send(new Uint8Array(size))
    arrived.push(await message)
  }
  return arrived
}

test('noise: a program without the native cipher sends and reads messages of any length', async () => {
  for (const name of ['createCipheriv', 'createDecipheriv'] as const) {
    const spy = vi.spyOn(nodeCrypto, name).mockImplementation(() => {
      throw new Error('Unknown cipher')
    })
    onTestFinished(() => spy.mockRestore())
  }
  expect(await send(await createEnd(1, WITHOUT), await createEnd(2, WITHOUT), SIZES)).toEqual(SIZES)
})

test('noise: a program without the native cipher and one with it understand each other', async () => {
  const [without, stock] = [await createEnd(1, WITHOUT), await createEnd(2)]
  expect(await send(without, stock, SIZES)).toEqual(SIZES)
  expect(await send(stock, without, SIZES)).toEqual(SIZES)
})

test('noise: a node that keeps its keys native and a stock one understand each other, whoever dials', async () => {
  const [node, stock] = [await createEnd(1, undefined, keepNoiseKeys), await createEnd(2)]
  expect(await send(node, stock, SIZES)).toEqual(SIZES)
  expect(await send(stock, node, SIZES)).toEqual(SIZES)
  expect(await send(node, await createEnd(3, undefined, keepNoiseKeys), SIZES)).toEqual(SIZES)
})

test('noise: a node signs its static key once, and a new ephemeral key is made for each handshake', async () => {
  const [node, stock] = [await createEnd(1, undefined, keepNoiseKeys), await createEnd(2)]
  const made = vi.spyOn(
    (node.encrypter as unknown as { crypto: { generateKeypair(): { publicKey: Uint8Array } } }).crypto,
    'generateKeypair',
  )
  for (let i = 0; i < 3; i++) await send(node, stock, [1])
  expect(node.sign).toHaveBeenCalledTimes(1)
  expect(stock.sign).toHaveBeenCalledTimes(3)
  expect(new Set(made.mock.results.map(({ value }) => String(value.publicKey))).size).toBe(3)
})

test('noise: a node refuses a public key of low order, by which no secret is shared', async () => {
  const { encrypter } = await createEnd(1, undefined, keepNoiseKeys)
  const { crypto } = encrypter as unknown as {
    crypto: { generateKeypair(): object; dh(keyPair: object, publicKey: Uint8Array): Uint8Array }
  }
  expect(() => crypto.dh(crypto.generateKeypair(), new Uint8Array(32))).toThrow()
})

test('noise: a node makes no error for a message that it reads, however many come', async () => {
  const [quiet, stock] = [await createEnd(1, undefined, readLengthsQuietly), await createEnd(2)]
  onTestFinished(() => void vi.unstubAllGlobals())
  const countErrors = async (reader: typeof stock, sizes: readonly number[]) => {
    let count = 0
    const counting: ProxyHandler<typeof RangeError> = {
      apply(error, _, words: [string]) {
        count++
        return new error(...words)
      },
    }
    vi.stubGlobal('RangeError', new Proxy(RangeError, counting))
    expect(await send(stock, reader, sizes)).toEqual(sizes)
    vi.unstubAllGlobals()
    return count
  }
  // Those of the handshake are left.
  const [fewer, more] = [SIZES, [...SIZES, ...SIZES]]
  expect(await countErrors(quiet, more)).toBe(await countErrors(quiet, fewer))
  expect(await countErrors(stock, more)).toBeGreaterThan(await countErrors(stock, fewer))
})
