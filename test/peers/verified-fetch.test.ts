/** An IPFS client that knows nothing of this library reads a held page through a gateway, and checks every byte itself. */

import { createVerifiedFetch } from '@helia/verified-fetch'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { encodeKeyCid, encodeKeyHex, sha256 } from '../../node/index.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { waitFor } from '../helpers/wait-for.ts'

const PAGE = new TextEncoder().encode('a held page, by its CID 🪰\r\n')

/** The holder, and a neighbour whose gateway is asked: the bytes cross the overlay. */
let holder: NodeProcess
let gateway: NodeProcess
beforeAll(async () => {
  holder = await startNodeProcess()
  gateway = await startNodeProcess({ join: [holder.url], args: ['--log-level', 'debug'] })
  await gateway.waitForLog(({ msg }) => msg === 'joined')
})
afterAll(async () => {
  await Promise.all([holder?.kill('SIGKILL'), gateway?.kill('SIGKILL')])
})

/** A client that has fetched nothing yet and knows one gateway; it has no IPFS network of its own to ask. */
async function createClient(): Promise<(cid: string, signal?: AbortSignal) => Promise<Response>> {
  const client = await createVerifiedFetch({
    gateways: [gateway.url],
    routers: [],
    allowLocal: true,
    allowInsecure: true,
    libp2pConfig: { services: {}, addresses: { listen: [] }, peerDiscovery: [], transports: [] },
  })
  onTestFinished(() => client.stop())
  return (cid, signal = AbortSignal.timeout(10_000)) => client(`ipfs://${cid}`, { signal })
}

test('verified-fetch: a held page is fetched by its CID through a gateway, and no more once it is released', async () => {
  const key = await sha256(PAGE)
  const cid = encodeKeyCid(key)
  const hash = encodeKeyHex(key)
  const put = await fetch(`${holder.url}/api/v1/content`, { method: 'PUT', body: PAGE })
  expect(put.status).toBe(201)

  const fetchHeld = await createClient()
  const answer = await fetchHeld(cid)
  expect(answer.status).toBe(200)
  expect(new Uint8Array(await answer.arrayBuffer())).toEqual(PAGE)

  expect((await fetch(`${holder.url}/api/v1/content/${hash}`, { method: 'DELETE' })).status).toBe(204)
  await waitFor(async () => (await fetch(`${gateway.url}/raw/${hash}`)).status === 404, 1_000, 'the gateway knows that it is gone')

  // The first client keeps blocks by itself; a new one has only the gateway to ask. It retries until it is aborted.
  const fetchReleased = await createClient()
  const timeout = new AbortController()
  const outcome = fetchReleased(cid, timeout.signal).then(
    ({ status }) => status,
    () => 'nothing',
  )
  await gateway.waitForLog(({ route, status, path }) => route === 'ipfs' && status === 404 && String(path).includes(cid))
  timeout.abort()
  expect(await outcome).toBe('nothing')
})
