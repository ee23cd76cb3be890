#!/bin/bash
# @libp2p/websockets 10.1.21 sends the two bytes of length in front of each Noise message as a websocket message of their own: it calls send()
# for each piece of the list of buffers that it is handed. One message of the layers above is two frames and two events for the receiver.
#
# Uses: Node.js 22 or newer, npm.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund libp2p@3.3.11 @libp2p/websockets@10.1.21 @libp2p/noise@17.0.3 @libp2p/yamux@8.0.3 ws@8.23.0 @multiformats/multiaddr@13.0.3

cat > main.mjs <<'JS'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { WebSocket, WebSocketServer } from 'ws'

const create = (listen) =>
  createLibp2p({
    addresses: { listen },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionMonitor: { enabled: false },
  })
const listener = await create(['/ip4/127.0.0.1/tcp/0/ws'])
const dialler = await create([])

// A relay between the two passes each websocket message on, and notes those of the dialler.
const port = listener.getMultiaddrs()[0].toString().split('/')[4]
const messages = []
const relay = new WebSocketServer({ port: 0, host: '127.0.0.1' })
relay.on('connection', (near) => {
  const far = new WebSocket(`ws://127.0.0.1:${port}`)
  const opened = new Promise((resolve) => far.on('open', resolve))
  near.on('message', async (data) => {
    messages.push(data)
    await opened
    far.send(data)
  })
  far.on('message', (data) => near.send(data))
})
await new Promise((resolve) => relay.on('listening', resolve))

// A request of 20 bytes and its answer, 50 times.
await listener.handle('/echo', (stream) => stream.addEventListener('message', ({ data }) => stream.send(data)))
const target = multiaddr(`/ip4/127.0.0.1/tcp/${relay.address().port}/ws/p2p/${listener.peerId}`)
const stream = await dialler.dialProtocol(target, '/echo', { signal: AbortSignal.timeout(30_000) })
const before = messages.length
for (let n = 0; n < 50; n++) {
  const answered = new Promise((resolve) => stream.addEventListener('message', resolve, { once: true }))
  stream.send(new Uint8Array(20))
  await answered
}
const seen = messages.slice(before)
const lengths = seen.filter((data, n) => data.length === 2 && seen[n + 1]?.length === data.readUInt16BE())
console.log('expected: each Noise message is one websocket message, which begins with its length')
console.log(`seen: ${seen.length} websocket messages; ${lengths.length} of them are only the length of the next`)
console.log(`the first six, in bytes: ${seen.slice(0, 6).map((data) => data.length)}`)
const isAsDescribed = lengths.length >= 50 && lengths.length * 2 === seen.length
console.log(isAsDescribed ? 'as described' : 'changed')
process.exit(isAsDescribed ? 0 : 1)
JS
echo "@libp2p/websockets $(node -p 'require("./node_modules/@libp2p/websockets/package.json").version')"
timeout 60 node main.mjs
