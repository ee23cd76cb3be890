#!/bin/bash
# resume() of a libp2p stream (@libp2p/utils 7.4.1, @libp2p/yamux 8.0.3) hands out what has waited first, and opens the window after that, even when
# a listener has paused the stream again meanwhile. Flow control is off from then on: the paused reader is sent everything, and its stream is
# reset once 4 MiB wait for it. With pause() behind resume() it is sent one window of 256 KiB.
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

const CHUNK = new Uint8Array(65_536)
const TOTAL = 256 * CHUNK.byteLength

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** The sender waits for `drain` whenever the stream asks for it. @returns what came to the reader while it was paused, after one resume */
async function run(resumeOnce) {
  const [near, far] = multiaddrConnectionPair()
  const client = yamux()().createStreamMuxer(near)
  const server = yamux()().createStreamMuxer(far)
  const opened = new Promise((resolve) => server.addEventListener('stream', ({ detail }) => resolve(detail)))
  const stream = await client.createStream()
  stream.send(new Uint8Array(1))
  const reading = await opened
  reading.pause()
  let most = 0
  let reason
  reading.addEventListener('close', ({ error }) => {
    reason = error?.message
  })
  const send = async () => {
    for (let sent = 0; sent < TOTAL && stream.status === 'open'; sent += CHUNK.byteLength) {
      if (stream.send(CHUNK)) continue
      await new Promise((resolve) => ['drain', 'close'].forEach((name) => stream.addEventListener(name, resolve, { once: true })))
    }
  }
  send()
  await pause(300) // the window is full
  await resumeOnce(reading)
  for (let n = 0; n < 50; n++) {
    await pause(10)
    most = Math.max(most, reading.readBufferLength)
  }
  return { most, reason: reason ?? 'no error' }
}

const after = await run((reading) => {
  reading.addEventListener('message', () => {})
  reading.resume()
  reading.pause()
})
const within = await run((reading) => {
  reading.addEventListener('message', () => reading.pause())
  reading.resume()
})
console.log('expected: a reader that has paused again is sent what its window has room for, and no more, wherever it called pause()')
console.log(`seen, pause() behind resume():             ${after.most} bytes came while it was paused; ${after.reason}`)
console.log(`seen, pause() in the listener of messages: ${within.most} bytes came while it was paused; ${within.reason}`)
const isAsDescribed = after.most <= 1_048_576 && within.most > 2 * after.most
console.log(isAsDescribed ? 'as described' : 'changed')
process.exit(isAsDescribed ? 0 : 1)
JS
echo "@libp2p/utils $(node -p 'require("./node_modules/@libp2p/utils/package.json").version'), @libp2p/yamux $(node -p 'require("./node_modules/@libp2p/yamux/package.json").version')"
timeout 60 node main.mjs
