/**
 * A stock libp2p peer that gives and takes blocks, over a stream of their own, as simple as can be.
 */

import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { encodeKeyHex, sha256 } from '../../../node/index.ts'
import { isPage } from '../pages.ts'
import { cidOf, meet, type StockOptions, type StockPeer, stockOptions } from '../stock-libp2p.ts'
import { serveCalls } from '../worker.ts'

const BLOCK_PROTOCOL = '/bench/block/1.0.0'
const FIND_MS = 20_000
const MEET_MS = 60_000

/** By key, hex. Bounded by what the benchmark gives. */
const blocks = new Map<string, Uint8Array>()
let own: StockPeer | undefined

const calls = {
  /** Resolves with the multiaddr at which others can dial it. */
  async start({ dial, ...options }: StockOptions & { dial?: string }): Promise<string> {
    own = await createLibp2p(stockOptions(options))
    await own.handle(BLOCK_PROTOCOL, async (stream) => {
      const frames = lpStream(stream)
      const key = (await frames.read()).subarray()
      await frames.write(blocks.get(encodeKeyHex(key)) ?? new Uint8Array())
      await stream.close()
    })
    if (dial !== undefined) await own.dial(multiaddr(dial))
    return String(own.getMultiaddrs()[0] ?? '')
  },

  /** Resolves once it knows most of so many other servers. */
  meet: (others: number) => meet(peer(), others, MEET_MS),

  /** Keeps the blocks and announces them. Resolves with the time of each announcement, in ms. */
  async provide(pages: Uint8Array[]): Promise<number[]> {
    const times: number[] = []
    for (const bytes of pages) {
      const key = await sha256(bytes)
      blocks.set(encodeKeyHex(key), bytes)
      const startedAtMs = performance.now()
      await peer().contentRouting.provide(cidOf(key), { signal: AbortSignal.timeout(FIND_MS) })
      times.push(performance.now() - startedAtMs)
    }
    return times
  },

  /** Resolves with the times from the search to checked bytes, in ms. */
  async read(keys: Uint8Array[]): Promise<number[]> {
    const times: number[] = []
    for (const key of keys) {
      const startedAtMs = performance.now()
      await readBlock(peer(), key)
      times.push(performance.now() - startedAtMs)
    }
    return times
  },

  /** A new peer for each key, from making it to checked bytes. */
  async readFromNothing({ dial, keys, tuned }: { dial: string; keys: Uint8Array[]; tuned: boolean }): Promise<number[]> {
    const times: number[] = []
    for (const key of keys) {
      const startedAtMs = performance.now()
      const fresh = await createLibp2p(stockOptions({ server: false, tuned }))
      await fresh.dial(multiaddr(dial))
      await readBlock(fresh, key)
      times.push(performance.now() - startedAtMs)
      await fresh.stop()
    }
    return times
  },

  /** How many providers a search names, whether or not they can be reached. */
  async countProviders(key: Uint8Array): Promise<number> {
    let count = 0
    for await (const _ of peer().contentRouting.findProviders(cidOf(key), { signal: AbortSignal.timeout(FIND_MS) })) count++
    return count
  },
}

async function readBlock(reader: StockPeer, key: Uint8Array): Promise<void> {
  const signal = AbortSignal.timeout(FIND_MS)
  for await (const provider of reader.contentRouting.findProviders(cidOf(key), { signal })) {
    const connection = reader.getConnections(provider.id)[0] ?? (await reader.dial(provider.multiaddrs, { signal }))
    const stream = await connection.newStream(BLOCK_PROTOCOL, { signal })
    const frames = lpStream(stream)
    await frames.write(key, { signal })
    const bytes = (await frames.read({ signal })).subarray()
    await stream.close()
    if (isPage(key, bytes)) return
  }
  throw new Error(`no provider of ${encodeKeyHex(key)} gave the block`)
}

function peer(): StockPeer {
  if (own === undefined) throw new TypeError('not started')
  return own
}

export type StockPeerCalls = typeof calls
serveCalls(calls)
