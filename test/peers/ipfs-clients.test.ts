/**
 * IPFS clients, unmodified: files that `ipfs-unixfs-importer` cut into blocks, held here block by block, are read through a gateway that is
 * their only source; and its answers as a router are read by Helia's own client.
 */

import { createHash } from 'node:crypto'
import { delegatedRoutingV1HttpApiClient } from '@helia/delegated-routing-v1-http-api-client'
import { withHTTP } from '@helia/http'
import { withLibp2p } from '@helia/libp2p'
import { unixfs } from '@helia/unixfs'
import { createVerifiedFetchWithHelia } from '@helia/verified-fetch'
import { defaultLogger } from '@libp2p/logger'
import { createHeliaLight } from 'helia'
import { type CIDProfile, importBytes, type WritableStorage } from 'ipfs-unixfs-importer'
import { CID } from 'multiformats/cid'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { encodeKeyCid, sha256 } from '../../node/index.ts'
import { generatedBytes } from '../helpers/generated-content.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'

const MIB = 1_048_576
const FILE_BYTES = 5 * MIB + 1

/** The holder of all blocks, and a neighbour whose gateway is asked: the blocks cross the overlay. */
let holder: NodeProcess
let gateway: NodeProcess
beforeAll(async () => {
  holder = await startNodeProcess()
  gateway = await startNodeProcess({ join: [holder.url] })
  await gateway.waitForLog(({ msg }) => msg === 'joined')
})
afterAll(async () => {
  await Promise.all([holder?.kill('SIGKILL'), gateway?.kill('SIGKILL')])
})

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const hasSize = (blocks: Map<string, Uint8Array>, isSize: (size: number) => boolean) =>
  [...blocks.values()].some(({ byteLength }) => isSize(byteLength))

/** Cuts the file into blocks, and has the holder hold each of them. */
async function holdFile(file: Uint8Array, profile: CIDProfile): Promise<{ root: CID; blocks: Map<string, Uint8Array> }> {
  const blocks = new Map<string, Uint8Array>()
  const put: WritableStorage['put'] = async (cid, bytes) => {
    blocks.set(cid.toString(), bytes as Uint8Array)
    return cid
  }
  const { cid: root } = await importBytes(file, { put }, { profile })
  for (const body of blocks.values()) {
    const { status } = await fetch(`${holder.url}/api/v1/content`, { method: 'PUT', body: new Uint8Array(body) })
    if (status !== 201) throw new Error(`a block is not held: ${status}`)
  }
  return { root, blocks }
}

/**
 * A client that has only our gateway to ask, until the test ends: it has no IPFS network of its own. As a router our gateway is asked by hand
 * below: Helia 7.1 ends its searches as soon as it has a block, and its router client 9.0 rejects then, for nobody to hear.
 */
async function startHelia() {
  const http = { recursiveGateways: [gateway.url], delegatedRouters: [], allowLocal: true, allowInsecure: true }
  const nothing = { services: {}, addresses: { listen: [] }, peerDiscovery: [], transports: [] }
  const helia = await withLibp2p(withHTTP(createHeliaLight(), http), nothing).start()
  onTestFinished(async () => void (await helia.stop()))
  return helia
}

async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

test.each<[profile: CIDProfile, seed: number, hasItsBlocks: (blocks: Map<string, Uint8Array>) => boolean]>([
  ['unixfs-v0-2015', 1, (blocks) => hasSize(blocks, (size) => size > 262_144 && size < 263_000)],
  ['unixfs-v1-2025', 2, (blocks) => hasSize(blocks, (size) => size === MIB)],
])('ipfs clients: a file of 5 MiB in blocks of %s is read whole', async (profile, seed, hasItsBlocks) => {
  const file = generatedBytes(0, FILE_BYTES, seed)
  const { root, blocks } = await holdFile(file, profile)
  expect(hasItsBlocks(blocks)).toBe(true)
  expect(root.version).toBe(profile === 'unixfs-v0-2015' ? 0 : 1)
  const signal = AbortSignal.timeout(60_000)

  const files = unixfs(await startHelia())
  expect(await readAll(files.cat(root, { signal }))).toBe(hashOf(file))
  const fetchVerified = await createVerifiedFetchWithHelia(await startHelia())
  const answer = await fetchVerified(`ipfs://${root}`, { signal })
  expect([answer.status, hashOf(new Uint8Array(await answer.arrayBuffer()))]).toEqual([200, hashOf(file)])
})

test('ipfs clients: a router client learns who provides a block, by its filters, and that nobody provides another', async () => {
  const { root, blocks } = await holdFile(generatedBytes(0, MIB, 3), 'unixfs-v1-2025')
  expect([...blocks.keys()]).toEqual([root.toString()])
  const client = delegatedRoutingV1HttpApiClient({ url: gateway.url, cacheTTL: 0 })({ logger: defaultLogger() })
  const providersOf = async (cid: CID, filters: { filterAddrs?: string[]; filterProtocols?: string[] } = {}) => {
    const found: { addresses: string[]; protocols: string[] }[] = []
    for await (const { Addrs, Protocols } of client.getProviders(cid, filters))
      found.push({ addresses: Addrs.map(String), protocols: Protocols })
    return found
  }
  const http = `/ip4/127.0.0.1/tcp/${holder.port}/http`
  const protocols = ['transport-ipfs-gateway-http']
  expect(await providersOf(root)).toMatchObject([{ addresses: [expect.stringContaining('/ws'), http], protocols }])
  const forBrowsers = { filterProtocols: ['unknown', 'transport-bitswap', ...protocols] }
  expect(await providersOf(root, { ...forBrowsers, filterAddrs: ['http'] })).toMatchObject([{ addresses: [http], protocols }])
  expect(await providersOf(root, { ...forBrowsers, filterAddrs: ['wss', 'tls', 'https'] })).toEqual([])
  expect(await providersOf(root, { filterProtocols: ['transport-bitswap'] })).toEqual([])
  expect(await providersOf(CID.parse(encodeKeyCid(await sha256(new TextEncoder().encode('nobody holds it')))))).toEqual([])
})
