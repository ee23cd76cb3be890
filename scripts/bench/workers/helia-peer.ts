/** A Helia node over websockets: announces each page's CID, and reads blocks with bitswap. */

import { multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'
import { encodeKeyHex, sha256 } from '../../../node/index.ts'
import { isPage } from '../pages.ts'
import { cidOf, meet, type StockPeer, stockOptions } from '../stock-libp2p.ts'
import { serveCalls } from '../worker.ts'
import type { OtherPeerCalls } from './other-peer.ts'

/** The parts of Helia's face that are used here. */
interface Helia {
  libp2p: StockPeer
  routing: { provide(cid: CID, options: { signal: AbortSignal }): Promise<void> }
  blockstore: {
    put(cid: CID, bytes: Uint8Array): Promise<unknown>
    get(cid: CID, options: { signal: AbortSignal }): Promise<Uint8Array> | AsyncIterable<Uint8Array>
  }
  start(): Promise<unknown>
  stop(): Promise<unknown>
}
interface HeliaPackages {
  createHeliaLight(): unknown
  withLibp2pLight(helia: unknown, options: object): unknown
  withBitswap(helia: unknown): Helia
}

const READ_MS = 20_000
let packages: HeliaPackages
let own: Helia

async function create(dial: string | undefined, isServer: boolean): Promise<Helia> {
  const { createHeliaLight, withLibp2pLight, withBitswap } = packages
  const helia = withBitswap(withLibp2pLight(createHeliaLight(), stockOptions({ server: isServer })))
  await helia.start()
  if (dial !== undefined) await helia.libp2p.dial(multiaddr(dial))
  return helia
}

const calls: OtherPeerCalls = {
  async start({ entry, bootstrap }) {
    packages = (await import(entry)) as HeliaPackages
    own = await create(bootstrap, true)
    return String(own.libp2p.getMultiaddrs()[0])
  },
  async settle({ known }) {
    await meet(own.libp2p, known, READ_MS)
  },
  async provide(pages) {
    for (const bytes of pages) {
      const cid = cidOf(await sha256(bytes))
      await own.blockstore.put(cid, bytes)
      await own.routing.provide(cid, { signal: AbortSignal.timeout(READ_MS) })
    }
  },
  async read(keys) {
    const times: number[] = []
    for (const key of keys) {
      const startedAtMs = performance.now()
      await readBlock(own, key)
      times.push(performance.now() - startedAtMs)
    }
    return times
  },
  async readFromNothing({ bootstrap, keys }) {
    const times: number[] = []
    for (const key of keys) {
      const startedAtMs = performance.now()
      const fresh = await create(bootstrap, false)
      await readBlock(fresh, key)
      times.push(performance.now() - startedAtMs)
      await fresh.stop()
    }
    return times
  },
}

async function readBlock(helia: Helia, key: Uint8Array): Promise<void> {
  const got = helia.blockstore.get(cidOf(key), { signal: AbortSignal.timeout(READ_MS) })
  const bytes = got instanceof Promise ? await got : await joined(got)
  if (!isPage(key, bytes)) throw new Error(`what came is not ${encodeKeyHex(key)}`)
}

async function joined(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return Buffer.concat(all)
}

serveCalls(calls)
