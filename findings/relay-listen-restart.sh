#!/bin/bash
# A libp2p 3.3.11 client that listens on the address of a named relay (@libp2p/circuit-relay-v2 4.2.13) loses its reservation with the connection.
# When the relay is back and connected again, under the same peer id and address, the client does not ask for a new one: nobody reaches it
# through the relay any more, although it still listens there by its settings.
#
# Uses: Node.js 22 or newer, npm.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund libp2p@3.3.11 @libp2p/circuit-relay-v2@4.2.13 @libp2p/crypto@5.1.23 @libp2p/identify@4.1.14 \
  @libp2p/tcp@11.0.28 @libp2p/noise@17.0.3 @libp2p/yamux@8.0.3

cat > main.mjs <<'JS'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'

const privateKey = await generateKeyPair('Ed25519')
const create = (listen, options) =>
  createLibp2p({
    addresses: { listen },
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    ...options,
  })
const createRelay = (listen) =>
  create([listen], { privateKey, transports: [tcp()], services: { identify: identify(), relay: circuitRelayServer() } })
async function until(condition, ms) {
  const end = performance.now() + ms
  while (!condition() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 50))
  return condition()
}

const before = await createRelay('/ip4/127.0.0.1/tcp/0')
const [address] = before.getMultiaddrs()
const client = await create([`${address}/p2p-circuit`], {
  transports: [tcp(), circuitRelayTransport()],
  services: { identify: identify() },
})
const isListed = () => client.getMultiaddrs().some((own) => own.toString().includes('/p2p-circuit'))
const listedBefore = await until(isListed, 10_000)

await before.stop()
const lost = await until(() => client.getConnections().length === 0 && !isListed(), 10_000)
const after = await createRelay(address.toString().replace(/\/p2p\/.*/, ''))
await client.dial(after.getMultiaddrs(), { signal: AbortSignal.timeout(10_000) })
const connected = await until(() => client.getConnections(after.peerId).some(({ status }) => status === 'open'), 10_000)
const listedAfter = await until(isListed, 30_000)

console.log('expected: once the relay that the client listens at is back and connected, the client has a reservation there again')
console.log(`seen: the client has an address through the relay: ${listedBefore}; after the relay has stopped it has none: ${lost}`)
console.log(`seen: connected to the relay again: ${connected}; an address through it within 30 s: ${listedAfter}`)
console.log(`seen: the relay's reservations then: ${after.services.relay.reservations.size}`)
const isAsDescribed = listedBefore && lost && connected && !listedAfter
console.log(isAsDescribed ? 'as described' : 'changed')
process.exit(isAsDescribed ? 0 : 1)
JS
echo "@libp2p/circuit-relay-v2 $(node -p 'require("./node_modules/@libp2p/circuit-relay-v2/package.json").version')"
timeout 100 node main.mjs
