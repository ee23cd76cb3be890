#!/bin/bash
# @libp2p/noise 17.0.3 in Bun 1.4.5: a connection opens and carries messages of up to 1,183 bytes; the first longer one ends it. For 1,200 bytes
# and more, the 16 of the tag included, noise uses node:crypto's ChaCha20-Poly1305 without asking whether it is there, and Bun has none.
# In Node.js the same messages arrive. With `noise({ crypto: pureJsCrypto })` they do in Bun, too.
# Known for Bun (https://github.com/oven-sh/bun/issues/8072); noise's issue 587 has the same of a Deno that lacked the cipher; 2.9.6 has it.
#
# Uses: Node.js 22 or newer, npm. (Bun comes as an npm package, about 100 MB.)
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund bun@1.4.5 @libp2p/noise@17.0.3 @libp2p/utils@7.4.1 @libp2p/crypto@5.1.23 @libp2p/peer-id@6.0.15 @libp2p/logger@6.2.13
# npm may leave out the package's script that puts Bun in its place.
[ -x node_modules/bun/bin/bun.exe ] && node_modules/.bin/bun --version > /dev/null 2>&1 || node node_modules/bun/install.js

cat > main.mjs <<'JS'
import { getCiphers } from 'node:crypto'
import { noise, pureJsCrypto } from '@libp2p/noise'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { defaultLogger } from '@libp2p/logger'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddrConnectionPair } from '@libp2p/utils'

const SIZES = [1, 1_183, 1_184, 60_000]

async function createEnd(init) {
  const privateKey = await generateKeyPair('Ed25519')
  const peerId = peerIdFromPrivateKey(privateKey)
  const upgrader = { getStreamMuxers: () => new Map() }
  return { peerId, encrypter: noise(init)({ peerId, privateKey, upgrader, logger: defaultLogger() }) }
}

/** The sizes of the messages that arrive, one after the other on one connection, until one does not. */
async function arriving(init) {
  const [from, to, pair] = [await createEnd(init), await createEnd(init), multiaddrConnectionPair()]
  const [{ connection: out }, { connection: into }] = await Promise.all([
    from.encrypter.secureOutbound(pair[0], { remotePeer: to.peerId, skipStreamMuxerNegotiation: true }),
    to.encrypter.secureInbound(pair[1], { remotePeer: from.peerId, skipStreamMuxerNegotiation: true }),
  ])
  const arrived = []
  for (const size of SIZES) {
    const next = new Promise((resolve) => into.addEventListener('message', ({ data }) => resolve(data.byteLength), { once: true }))
    try {
      out.send(new Uint8Array(size))
    } catch (error) {
      return { arrived, end: error.message }
    }
    const bytes = await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 2_000))])
    if (bytes === undefined) return { arrived, end: `the connection is ${out.status}` }
    arrived.push(bytes)
  }
  return { arrived, end: '' }
}

const stock = await arriving({})
const portable = await arriving({ crypto: pureJsCrypto })
console.log(JSON.stringify({ hasCipher: getCiphers().includes('chacha20-poly1305'), stock, portable }))
process.exit(0)
JS
echo "Bun $(node_modules/.bin/bun --version), @libp2p/noise $(node -p 'require("./node_modules/@libp2p/noise/package.json").version'), Node.js $(node -p process.version)"
inNode=$(timeout 40 node main.mjs)
inBun=$(timeout 40 node_modules/.bin/bun run main.mjs)
echo "expected: messages of 1, 1183, 1184 and 60000 bytes arrive in both"
echo "seen, Node.js: $inNode"
echo "seen, Bun:     $inBun"
node -e '
const [inNode, inBun] = process.argv.slice(1).map((text) => JSON.parse(text))
const all = "1,1183,1184,60000"
const isAsDescribed = String(inNode.stock.arrived) === all && String(inBun.stock.arrived) === "1,1183" && String(inBun.portable.arrived) === all
console.log(isAsDescribed ? "as described" : "changed")
process.exit(isAsDescribed ? 0 : 1)' "$inNode" "$inBun"
