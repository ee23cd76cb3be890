#!/bin/bash
# @libp2p/webrtc 6.0.33 sends the length in front of each message of a stream as a data channel message of its own: it calls send() for each piece
# of the list of buffers that it has made. One message of the layers above is two messages and two events for the receiver. In Chromium 156 a small
# message to another tab and back takes about twice as long as over a bare data channel.
#
# Uses: Node.js 22 or newer, npm.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
# The package by itself, with what its stream is made of: all that it depends on would bring React Native.
npm install --silent --no-audit --no-fund --ignore-scripts @libp2p/logger@6.2.13 @libp2p/utils@7.4.1
npm pack --silent --ignore-scripts @libp2p/webrtc@6.0.33 > /dev/null
mkdir node_modules/@libp2p/webrtc
tar xzf libp2p-webrtc-6.0.33.tgz -C node_modules/@libp2p/webrtc --strip-components=1

cat > main.mjs <<'JS'
import { defaultLogger } from '@libp2p/logger'
// The stream of the package, without the native library that its entry loads in Node.js.
import { createStream } from './node_modules/@libp2p/webrtc/dist/src/stream.js'

const sent = []
const channel = Object.assign(new EventTarget(), {
  id: 1,
  readyState: 'open',
  bufferedAmount: 0,
  send: (data) => sent.push(data.byteLength),
  close() {},
})
const stream = createStream({ channel, direction: 'outbound', log: defaultLogger().forComponent('finding') })
for (let n = 0; n < 50; n++) stream.send(new Uint8Array(20))
console.log('expected: 50 messages of the stream are 50 messages of the data channel')
console.log(`seen: ${sent.length} messages; ${sent.filter((bytes) => bytes === 1).length} of them are only the length of the next`)
console.log(`the first six, in bytes: ${sent.slice(0, 6)}`)
const isAsDescribed = sent.length === 100 && sent.every((bytes, n) => (bytes === 1) === (n % 2 === 0))
console.log(isAsDescribed ? 'as described' : 'changed')
process.exit(isAsDescribed ? 0 : 1)
JS
echo "@libp2p/webrtc $(node -p 'require("./node_modules/@libp2p/webrtc/package.json").version')"
timeout 60 node main.mjs
