#!/bin/bash
# @libp2p/kad-dht 16.4.5 declares providers.provideValidity and providers.cleanupInterval ("How long is a provider valid for in seconds", "How
# often invalid records are cleaned in seconds"), and reads neither. The settings that work are reprovide.validity and reprovide.interval, in
# ms; and a record that is no longer valid is given to askers until the sweep of that interval (an hour, when it is not set) takes it away.
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
      dht: kadDHT({ clientMode: false, peerInfoMapper: passthroughMapper, initialQuerySelfInterval: 0, ...options }),
    },
  })

async function findProviders(asker) {
  const found = []
  try {
    for await (const event of asker.services.dht.findProviders(KEY, { signal: AbortSignal.timeout(3_000) })) {
      if (event.name === 'PEER_RESPONSE') found.push(...event.providers.map(({ id }) => id.toString()))
    }
  } catch {} // the time is over
  return found
}

async function joinAt(server) {
  const peer = await create({})
  await peer.dial(server.getMultiaddrs())
  while (peer.services.dht.routingTable.size === 0 || server.services.dht.routingTable.size === 0) await pause(50)
  return peer
}

/** A provider announces the key to a server and goes. Whether an asker hears of it from that server at once, and 5 s later. */
async function look(name, options) {
  const server = await create(options)
  const provider = await joinAt(server)
  for await (const _ of provider.services.dht.provide(KEY, { signal: AbortSignal.timeout(5_000) }));
  const id = provider.peerId.toString()
  await provider.stop()
  const asker = await joinAt(server)
  const atOnce = (await findProviders(asker)).includes(id)
  await pause(5_000)
  const later = (await findProviders(asker)).includes(id)
  console.log(`${name}: the server names the provider at once: ${atOnce}, and 5 s later: ${later}`)
  await Promise.all([server.stop(), asker.stop()])
  return { atOnce, later }
}

console.log('expected: a record valid for 1 s, with a sweep each second, is not given 5 s later')
const dead = await look('seen, providers { provideValidity: 1, cleanupInterval: 1 }', { providers: { provideValidity: 1, cleanupInterval: 1 } })
const late = await look('seen, reprovide { validity: 1000 }                       ', { reprovide: { validity: 1_000 } })
const live = await look('seen, reprovide { validity: 1000, interval: 1000 }       ', { reprovide: { validity: 1_000, interval: 1_000 } })
const isAsDescribed = dead.atOnce && dead.later && late.atOnce && late.later && !live.later
console.log(isAsDescribed ? 'as described' : 'changed')
process.exit(isAsDescribed ? 0 : 1)
JS
echo "@libp2p/kad-dht $(node -p 'require("./node_modules/@libp2p/kad-dht/package.json").version')"
timeout 100 node main.mjs
