/** A Helia node: adds a file to its store in memory, or reads one with `cat`, whose blocks bitswap fetches and checks. */

import { multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'
import { bulkParts } from '../bulk-content.ts'
import { startBulkMeter } from '../bulk-meter.ts'
import { type StockPeer, stockOptions } from '../stock-libp2p.ts'
import { serveCalls } from '../worker.ts'
import type { BulkPeerCalls } from './bulk-peer.ts'

/** The parts of Helia's face that are used here. */
interface Helia {
  libp2p: StockPeer
  start(): Promise<unknown>
}
interface HeliaPackages {
  /** CID class of helia's own copy of multiformats: it accepts no other. */
  CID: { parse(text: string): CID }
  createHeliaLight(): unknown
  withLibp2pLight(helia: unknown, options: object): unknown
  withBitswap(helia: unknown): Helia
  unixfs(helia: Helia): {
    addByteStream(bytes: Iterable<Uint8Array>): Promise<CID>
    cat(cid: CID): AsyncIterable<Uint8Array>
  }
}

const PART_BYTES = 1_048_576

let parseCid: (text: string) => CID
let files: ReturnType<HeliaPackages['unixfs']>

const calls: BulkPeerCalls = {
  async start({ entry = '', connect }) {
    const { CID, createHeliaLight, unixfs, withBitswap, withLibp2pLight } = (await import(entry)) as HeliaPackages
    const helia = withBitswap(withLibp2pLight(createHeliaLight(), stockOptions({ server: true })))
    await helia.start()
    parseCid = (text) => CID.parse(text)
    files = unixfs(helia)
    if (connect !== undefined) await helia.libp2p.dial(multiaddr(connect))
    return String(helia.libp2p.getMultiaddrs()[0])
  },
  offer: async (content) => String(await files.addByteStream(bulkParts(content, PART_BYTES))),
  async read({ content, reference }) {
    const meter = startBulkMeter(content)
    for await (const bytes of files.cat(parseCid(reference))) meter.take(bytes)
    return meter.end()
  },
}

serveCalls(calls)
