#!/bin/bash
# A libp2p 3.3.11 connection that is closed while the other end does not read one of its streams stays open: close() rejects after a second
# (its time-out), the connection still says "open", the next dial to that peer returns it, and it opens no stream any more.
#
# Uses: Node.js 22 or newer, npm.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund libp2p@3.3.11 @libp2p/tcp@11.0.28 @libp2p/noise@17.0.3 @libp2p/yamux@8.0.3 @libp2p/utils@7.4.1

cat > main.mjs <<'JS'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'

const create = (listen) =>
  createLibp2p({
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
  })
const near = await create([])
const far = await create(['/ip4/127.0.0.1/tcp/0'])
await far.handle('/slow', (stream) => {
  stream.addEventListener('message', () => {})
  stream.pause()
})
await far.handle('/other', () => {})
const signal = () => AbortSignal.timeout(10_000)
const nameOf = (promise) => promise.then(() => 'done', (error) => `${error.name}: ${error.message}`)

const connection = await near.dial(far.getMultiaddrs(), { signal: signal() })
const stream = await connection.newStream('/slow', { signal: signal() })
while (stream.send(new Uint8Array(65_536))); // until the window of 256 KiB is full

const startMs = performance.now()
const closed = await nameOf(connection.close())
const tookMs = Math.round(performance.now() - startMs)
const { status } = connection
const again = await near.dial(far.getMultiaddrs(), { signal: signal() })
const opened = await nameOf(again.newStream('/other', { signal: signal() }))

console.log('expected: after close() the connection is closed, and the next dial makes another')
console.log(`seen: close() after ${tookMs} ms: ${closed}`)
console.log(`seen: the status is then "${status}"; a dial returns ${again === connection ? 'this connection' : 'another connection'}`)
console.log(`seen: a new stream on what the dial returned: ${opened}`)
const isAsDescribed = closed !== 'done' && status === 'open' && again === connection && opened !== 'done'
console.log(isAsDescribed ? 'as described' : 'changed')
process.exit(isAsDescribed ? 0 : 1)
JS
echo "libp2p $(node -p 'require("./node_modules/libp2p/package.json").version')"
timeout 60 node main.mjs
