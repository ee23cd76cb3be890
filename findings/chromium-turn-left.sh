#!/bin/bash
# A page of Chromium 156 that is closed while it has a place at a TURN server (coturn 4.6) does not give it back: the place stays until it runs out,
# ten minutes after it was taken or renewed, and counts against the server's quotas. A page that is reloaded, or left for another one, gives it back at
# once, and so does RTCPeerConnection.close(). So a server with a quota for each user shuts out who has closed a few tabs.
#
# Uses: Node.js 22 or newer, npm, Debian's chromium and coturn, and an address of this machine besides the loopback's.
set -eu
command -v chromium turnserver > /dev/null || { echo "needs: apt-get install chromium coturn"; exit 2; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts playwright-core@1.65.1

cat > main.mjs <<'JS'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { networkInterfaces } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { chromium } from 'playwright-core'

const address = Object.values(networkInterfaces()).flat().find(({ family, internal }) => family === 'IPv4' && !internal)?.address
if (address === undefined) throw new Error('needs an IPv4 address besides the loopback')
const listen = async () => {
  const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
const reserved = await listen()
const { port } = reserved.address()
await new Promise((done) => reserved.close(done))
const names = ['closed', 'left', 'reloaded', 'ended']
const lines = [`listening-port=${port}`, `listening-ip=${address}`, `relay-ip=${address}`, 'realm=example.org', 'lt-cred-mech', 'fingerprint']
lines.push(...names.map((name) => `user=${name}:secret`), 'no-tls', 'no-dtls', 'no-cli', 'simple-log', 'verbose')
lines.push('log-file=turn.log', 'userdb=db', 'pidfile=pid')
writeFileSync('turnserver.conf', `${lines.join('\n')}\n`)
const turn = spawn('turnserver', ['-c', 'turnserver.conf'], { stdio: 'ignore' })
const version = execFileSync('turnserver', ['--version'], { encoding: 'utf8' }).trim().split('\n')[0]

/** The users who have a place, by the server's log. */
function placesNow() {
  const open = new Map()
  for (const [, session, event, name] of readFileSync('turn.log', 'utf8').matchAll(/session (\d+): (new|closed|delete).*?(?:user(?:name)?[ =]?<(.*?)>|$)/gm)) {
    if (event === 'new') open.set(session, name)
    else open.delete(session)
  }
  return [...open.values()]
}

const site = await listen()
const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
try {
  console.log(`Chromium ${browser.version()}, coturn ${version}`)
  const takePlace = async (username) => {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${site.address().port}/`)
    await page.evaluate(
      async ({ urls, username }) => {
        globalThis.connection = new RTCPeerConnection({ iceServers: [{ urls, username, credential: 'secret' }], iceTransportPolicy: 'relay' })
        const relayed = new Promise((resolve) => {
          connection.onicecandidate = ({ candidate }) => candidate?.type === 'relay' && resolve()
        })
        connection.createDataChannel('channel')
        await connection.setLocalDescription()
        await relayed
      },
      { urls: `turn:${address}:${port}?transport=udp`, username },
    )
    return page
  }
  const pages = {}
  for (const name of names) pages[name] = await takePlace(name)
  const before = placesNow()
  await pages.closed.close({ runBeforeUnload: true })
  await pages.left.goto('about:blank')
  await pages.reloaded.reload()
  await pages.ended.evaluate('connection.close()')
  await pages.ended.close()
  await delay(15_000)
  const after = placesNow()
  console.log('expected: the place of a page is given back when the page is gone, as its sockets are')
  for (const name of names) console.log(`seen: ${name}: had a place: ${before.includes(name)}; has it 15 s later: ${after.includes(name)}`)
  const isAsDescribed = names.every((name) => before.includes(name)) && after.length === 1 && after[0] === 'closed'
  console.log(isAsDescribed ? 'as described' : 'changed')
  process.exitCode = isAsDescribed ? 0 : 1
} finally {
  await browser.close()
  site.close()
  turn.kill()
}
JS
timeout 110 node main.mjs
