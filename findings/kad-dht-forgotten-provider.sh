#!/bin/bash
# A server of @libp2p/kad-dht 16.4.5 looks up each provider of a key in its peer store before it answers. One provider that the peer store has
# forgotten (after six hours without contact, when nothing is set; the provider record lives for 48) makes the whole answer fail: the asker does
# not hear of the providers that are there either.
#
# Uses: Node.js 22 or newer, npm.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund libp2p@3.3.11 @libp2p/kad-dht@16.4.5 @libp2p/identify@4.1.14 @libp2p/ping@3.1.13 @libp2p/tcp@11.0.28 \
  @libp2p/noise@17.0.3 @libp2p/yamux@8.0.3 multiformats@14.0.5

cat > main.mjs <<'JS'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'

const KEY = CID.createV1(0x55, await sha256.digest(new TextEncoder().encode('a key')))
const FORGET_MS = 2_000
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const create = (options) =>
  createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({ clientMode: false, peerInfoMapper: passthroughMapper, initialQuerySelfInterval: 0 }),
    },
    ...options,
  })

async function joinAt(server) {
  const peer = await create()
  await peer.dial(server.getMultiaddrs())
  while (peer.services.dht.routingTable.size === 0 || server.services.dht.routingTable.size === 0) await pause(50)
  return peer
}

async function provideAt(server) {
  const provider = await joinAt(server)
  for await (const _ of provider.services.dht.provide(KEY, { signal: AbortSignal.timeout(5_000) }));
  return provider
}

/** What an asker hears from the server: the providers' ids, and the errors on the way. */
async function ask(asker, server) {
  const ids = new Set()
  const errors = []
  try {
    for await (const event of asker.services.dht.findProviders(KEY, { signal: AbortSignal.timeout(3_000) })) {
      if (event.name === 'PEER_RESPONSE' && server.peerId.equals(event.from)) {
        for (const { id } of event.providers) ids.add(id.toString())
      }
      if (event.name === 'QUERY_ERROR') errors.push(event.error.name)
    }
  } catch {} // the time is over
  return { ids, errors }
}

// Six hours (one for addresses) are made two seconds here, by the documented options.
const server = await create({ peerStore: { maxPeerAge: FORGET_MS, maxAddressAge: FORGET_MS } })
const gone = await provideAt(server)
const staying = await provideAt(server)
const asker = await joinAt(server)
const before = await ask(asker, server)

const goneId = gone.peerId
await gone.stop()
while (await server.peerStore.has(goneId)) await pause(100)
await staying.dial(server.getMultiaddrs())
for await (const _ of staying.services.dht.provide(KEY, { signal: AbortSignal.timeout(5_000) })); // it is there, and says so again
const isKnown = await server.peerStore.has(staying.peerId)
const after = await ask(asker, server)

const id = staying.peerId.toString()
console.log('expected: the server goes on naming the provider that is there, when another one has been gone for longer than peers are remembered')
console.log(`seen: before, the server names the provider that stays: ${before.ids.has(id)}`)
console.log(`seen: after the other is forgotten: ${after.ids.has(id)}; providers named: ${after.ids.size}; errors: ${after.errors.join(', ') || 'none'}`)
console.log(`seen: the server's peer store knows the provider that stays: ${isKnown}, and the other: ${await server.peerStore.has(goneId)}`)
const isAsDescribed = before.ids.has(id) && isKnown && !after.ids.has(id)
console.log(isAsDescribed ? 'as described' : 'changed')
process.exit(isAsDescribed ? 0 : 1)
JS
echo "@libp2p/kad-dht $(node -p 'require("./node_modules/@libp2p/kad-dht/package.json").version')"
timeout 100 node main.mjs
