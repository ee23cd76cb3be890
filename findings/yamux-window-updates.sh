#!/bin/bash
# @libp2p/yamux 8.0.3 answers every data frame with a window update, however little of the window is used: a stream of one-byte messages costs
# as much in the other direction. The reference implementation in Go sends one only when half of the window is used.
# Source: https://github.com/hashicorp/yamux/blob/master/stream.go, "Check if we can omit the update".
#
# Uses: Node.js 22 or newer, npm.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund @libp2p/yamux@8.0.3 @libp2p/utils@7.4.1

cat > main.mjs <<'JS'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'

const MESSAGES = 100
const WINDOW_UPDATE = 1 // the second byte of a frame is its type

const [near, far] = multiaddrConnectionPair()
const client = yamux()().createStreamMuxer(near)
const server = yamux()().createStreamMuxer(far)
let received
server.addEventListener('stream', ({ detail }) => detail.addEventListener('message', () => received()))
const stream = await client.createStream()

async function send() {
  const arrived = new Promise((resolve) => {
    received = resolve
  })
  stream.send(new Uint8Array(1))
  await arrived
}

// The first message is the handshake of the stream, and is not counted.
await send()
await new Promise((resolve) => setTimeout(resolve, 200))
let sentBytes = 0
let returnedBytes = 0
let updates = 0
far.addEventListener('message', ({ data }) => {
  sentBytes += data.byteLength
})
near.addEventListener('message', ({ data }) => {
  returnedBytes += data.byteLength
  const bytes = data.subarray()
  if (bytes.length === 12 && bytes[1] === WINDOW_UPDATE) updates++
})
for (let n = 0; n < MESSAGES; n++) await send()
await new Promise((resolve) => setTimeout(resolve, 200))

console.log(`expected: ${MESSAGES} bytes of a window of 262,144 need no window update`)
console.log(`seen: ${MESSAGES} one-byte messages, ${sentBytes} bytes there, ${returnedBytes} bytes back, window updates: ${updates}`)
console.log(updates === MESSAGES ? 'as described' : 'changed')
process.exit(updates === MESSAGES ? 0 : 1)
JS
echo "@libp2p/yamux $(node -p 'require("./node_modules/@libp2p/yamux/package.json").version')"
timeout 60 node main.mjs
