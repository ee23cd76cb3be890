#!/bin/bash
# onDrain() of a libp2p stream (@libp2p/utils 7.4.1) waits only the first time: its promise is kept after it has resolved, and given to every
# later caller. A loop `if (!stream.send(chunk)) await stream.onDrain()` then runs ahead of a slow reader, and what it sends waits in memory.
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

const [near, far] = multiaddrConnectionPair()
const client = yamux()().createStreamMuxer(near)
const server = yamux()().createStreamMuxer(far)
let reading
server.addEventListener('stream', ({ detail }) => {
  reading = detail
  detail.addEventListener('message', () => {})
})
const stream = await client.createStream()
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Sends more than the window of 256 KiB while the other end has stopped reading. */
async function fill() {
  reading.pause()
  do {
    while (stream.send(new Uint8Array(65_536)));
    await pause(100) // for a window update that is under way
  } while (!stream.writableNeedsDrain)
}

/** Whether onDrain() waits, and whether the stream still needs a drain when it has resolved. */
async function look(name) {
  const waits = await Promise.race([stream.onDrain().then(() => false), pause(500).then(() => true)])
  console.log(`${name}: the stream needs a drain: ${stream.writableNeedsDrain}; onDrain() ${waits ? 'waits' : 'resolved at once'}`)
  return waits
}

stream.send(new Uint8Array(1))
while (reading === undefined) await pause(10)
console.log('expected: while the reader has stopped, onDrain() waits, each time')
await fill()
const first = await look('seen, first time ')
reading.resume()
while (stream.writableNeedsDrain) await pause(10)
await fill()
const second = await look('seen, second time')
const stillNeedsDrain = stream.writableNeedsDrain

if (!second) {
  const before = stream.writeBufferLength
  for (let n = 0; n < 32; n++) if (!stream.send(new Uint8Array(65_536))) await stream.onDrain()
  console.log(`seen: 32 more chunks of 64 KiB, with await onDrain() after each: ${stream.writeBufferLength - before} bytes more wait unsent`)
}
const isAsDescribed = first && !second && stillNeedsDrain
console.log(isAsDescribed ? 'as described' : 'changed')
process.exit(isAsDescribed ? 0 : 1)
JS
echo "@libp2p/utils $(node -p 'require("./node_modules/@libp2p/utils/package.json").version')"
timeout 60 node main.mjs
