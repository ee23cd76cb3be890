#!/bin/bash
# WebKitGTK's WebCrypto (Debian 2.50.6) refuses an X25519 private key in PKCS #8 when its first byte is zero: one random key of 256, and one of
# 32 once the key is clamped, as RFC 7748 says. The same key as a JWK is taken, and so is the PKCS #8 with the lowest bit set, which X25519
# clears. generateKey() fails for some of its own keys, too: about one X25519 or Ed25519 pair of 200 is an OperationError.
#
# Uses: Node.js 22 or newer, Debian's webkit2gtk-driver, xvfb and xauth.
set -eu
command -v WebKitWebDriver xvfb-run xauth > /dev/null || { echo "needs: apt-get install webkit2gtk-driver xvfb xauth"; exit 2; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat > main.mjs <<'JS'
import { spawn } from 'node:child_process'
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'

const KEYS = 1_024
const PAIRS = 2_000
const HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex') // RFC 8410: what precedes the 32 bytes of a key

/** Keys of a fixed series, clamped, with the public key that Node.js computes for each. */
const keys = Array.from({ length: KEYS }, (_, number) => {
  const secret = createHash('sha256').update(String(number)).digest()
  secret[0] &= 248
  secret[31] = (secret[31] & 127) | 64
  const key = createPrivateKey({ key: Buffer.concat([HEAD, secret]), format: 'der', type: 'pkcs8' })
  return { pkcs8: [...HEAD, ...secret], jwk: { kty: 'OKP', crv: 'X25519', x: createPublicKey(key).export({ format: 'jwk' }).x, d: secret.toString('base64url') } }
})

async function inPage(keys, pairs) {
  const { subtle } = crypto
  const fails = (promise) => promise.then(() => false, () => true)
  const refused = { pkcs8: [], jwk: 0, withBit: 0, X25519: 0, Ed25519: 0 }
  for (const { pkcs8, jwk } of keys) {
    const importBytes = (bytes) => fails(subtle.importKey('pkcs8', new Uint8Array(bytes), { name: 'X25519' }, true, ['deriveBits']))
    if (await importBytes(pkcs8)) refused.pkcs8.push(pkcs8[16])
    if (await fails(subtle.importKey('jwk', jwk, { name: 'X25519' }, true, ['deriveBits']))) refused.jwk++
    if (await importBytes(pkcs8.with(16, pkcs8[16] | 1))) refused.withBit++
  }
  for (let made = 0; made < pairs; made++) {
    if (await fails(subtle.generateKey({ name: 'X25519' }, true, ['deriveBits']))) refused.X25519++
    if (await fails(subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify']))) refused.Ed25519++
  }
  return refused
}

const listen = async () => {
  const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
const reserved = await listen()
const driverPort = reserved.address().port
await new Promise((done) => reserved.close(done))
const page = await listen()
const driver = spawn('xvfb-run', ['-a', 'WebKitWebDriver', `--port=${driverPort}`], { detached: true, stdio: 'ignore' })
try {
  const call = async (method, path, body) => {
    const answer = await fetch(`http://127.0.0.1:${driverPort}${path}`, { method, body: body && JSON.stringify(body) })
    const { value } = await answer.json()
    if (!answer.ok) throw new Error(JSON.stringify(value))
    return value
  }
  for (let tries = 0; tries < 200; tries++) {
    if (await call('GET', '/status').then(() => true, () => false)) break
    await new Promise((done) => setTimeout(done, 100))
  }
  const { sessionId, capabilities } = await call('POST', '/session', { capabilities: { alwaysMatch: {} } })
  console.log(`${capabilities.browserName} ${capabilities.browserVersion}`)
  const at = `/session/${sessionId}`
  await call('POST', `${at}/timeouts`, { script: 100_000 })
  await call('POST', `${at}/url`, { url: `http://127.0.0.1:${page.address().port}/` })
  const script = `const [keys, pairs, done] = arguments; (${inPage})(keys, pairs).then(done, (error) => done(String(error)))`
  const refused = await call('POST', `${at}/execute/async`, { script, args: [keys, PAIRS] })
  await call('DELETE', at)
  const zeros = keys.filter(({ pkcs8 }) => pkcs8[16] === 0).length

  console.log(`expected: all of ${KEYS} clamped X25519 keys are imported in either form, and all of ${PAIRS} pairs of each kind are made`)
  console.log(`seen: ${refused.pkcs8.length} refused as PKCS #8; keys whose first byte is zero: ${zeros}; refused among the others: ${refused.pkcs8.filter((byte) => byte !== 0).length}`)
  console.log(`seen: refused as JWK: ${refused.jwk}; refused as PKCS #8 with the lowest bit set: ${refused.withBit}`)
  console.log(`seen: pairs that could not be made: X25519 ${refused.X25519}, Ed25519 ${refused.Ed25519} of ${PAIRS} each`)
  const isOnlyZeros = refused.pkcs8.length === zeros && refused.pkcs8.every((byte) => byte === 0)
  const isAsDescribed = zeros > 0 && isOnlyZeros && refused.jwk === 0 && refused.withBit === 0 && refused.X25519 > 0 && refused.Ed25519 > 0
  console.log(isAsDescribed ? 'as described' : 'changed')
  process.exitCode = isAsDescribed ? 0 : 1
} finally {
  process.kill(-driver.pid)
  page.close()
}
JS
timeout 115 node main.mjs
