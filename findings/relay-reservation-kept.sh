#!/bin/bash
# A relay of @libp2p/circuit-relay-v2 4.2.13 keeps the reservation of a peer that has disconnected until its time is over (two hours, when nothing
# is set). While it is kept it takes one of the places, so a relay whose clients come and go is full of peers that are not there.
#
# Uses: Node.js 22 or newer, npm.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund libp2p@3.3.11 @libp2p/circuit-relay-v2@4.2.13 @libp2p/identify@4.1.14 @libp2p/tcp@11.0.28 \
  @libp2p/noise@17.0.3 @libp2p/yamux@8.0.3

cat > main.mjs <<'JS'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'

const create = (listen, transports, services) =>
  createLibp2p({
    addresses: { listen },
    transports,
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ...services },
  })
async function until(condition, ms) {
  const end = performance.now() + ms
  while (!condition() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 50))
  return condition()
}

const relay = await create(['/ip4/127.0.0.1/tcp/0'], [tcp()], {
  relay: circuitRelayServer({ reservations: { maxReservations: 1 } }),
})
const [address] = relay.getMultiaddrs()

/** A client that asks the relay for its place. */
const createClient = () => create([`${address}/p2p-circuit`], [tcp(), circuitRelayTransport()], {})
const hasPlace = (client) => client.getMultiaddrs().some((own) => own.toString().includes('/p2p-circuit'))

const first = await createClient()
const firstHasPlace = await until(() => hasPlace(first), 10_000)
await first.stop()
const isAlone = await until(() => relay.getConnections().length === 0, 10_000)

const second = await createClient().catch((error) => error)
const secondHasPlace = !(second instanceof Error) && (await until(() => hasPlace(second), 5_000))

console.log('expected: a relay with one place gives it to the second client after the first has disconnected')
console.log(`seen: the first client has the place: ${firstHasPlace}; after it has stopped the relay has no connection: ${isAlone}`)
console.log(`seen: the relay's reservations then: ${relay.services.relay.reservations.size}`)
console.log(`seen: the second client has a place within 5 s: ${secondHasPlace}${second instanceof Error ? ` (${second.name})` : ''}`)
const isAsDescribed = firstHasPlace && isAlone && !secondHasPlace
console.log(isAsDescribed ? 'as described' : 'changed')
process.exit(isAsDescribed ? 0 : 1)
JS
echo "@libp2p/circuit-relay-v2 $(node -p 'require("./node_modules/@libp2p/circuit-relay-v2/package.json").version')"
timeout 100 node main.mjs
