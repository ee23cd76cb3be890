#!/bin/bash
# crypto.createPublicKey() of Node.js 24.21.0 takes several times as long for a public key in DER form as for the same key as PEM, which is its text in
# base64. With Error.stackTraceLimit = 0 most of the difference is gone: an error seems to be made inside, with its trace, though the key is valid and
# nothing is thrown. Whoever reads a peer's key for each connection (X25519 of Noise, Ed25519 of signatures) pays for that.
#
# Uses: Node.js 22 or newer, npm.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund node@24.21.0

cat > main.mjs <<'JS'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'

const { publicKey } = generateKeyPairSync('x25519')
const der = publicKey.export({ format: 'der', type: 'spki' })
const pem = publicKey.export({ format: 'pem', type: 'spki' })
const KEYS = 5_000
const ways = {
  'DER': () => createPublicKey({ key: der, format: 'der', type: 'spki' }),
  'DER, and no stack traces': () => {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    createPublicKey({ key: der, format: 'der', type: 'spki' })
    Error.stackTraceLimit = stackTraceLimit
  },
  'PEM': () => createPublicKey(pem),
}
const best = Object.fromEntries(Object.keys(ways).map((name) => [name, Infinity]))
for (let round = 0; round < 7; round++) {
  for (const [name, read] of Object.entries(ways)) {
    const { user, system } = process.cpuUsage()
    for (let n = 0; n < KEYS; n++) read()
    const used = process.cpuUsage({ user, system })
    best[name] = Math.min(best[name], (used.user + used.system) / KEYS)
  }
}
console.log(`Node.js ${process.versions.node}, OpenSSL ${process.versions.openssl}`)
console.log('expected: the form without text is the quickest to read')
for (const [name, microseconds] of Object.entries(best)) console.log(`seen: ${name}: ${microseconds.toFixed(1)} µs of processor time a key`)
const isAsDescribed = best.DER > 1.5 * best.PEM && best.DER > 1.3 * best['DER, and no stack traces']
console.log(isAsDescribed ? 'as described' : 'changed')
process.exit(isAsDescribed ? 0 : 1)
JS
timeout 100 ./node_modules/node/bin/node main.mjs
