#!/bin/bash
# @hono/node-server 2.1.8 destroys the socket half a second after an answer that came before the request's body was read, however long the client
# needs for the rest of it. A client that sends its request before it reads (most simple ones do) gets a reset where the answer was, a 413 for
# example. node:http, under the same handler, takes the rest of the body and the client reads the answer.
#
# Uses: Node.js 22 or newer, npm.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund @hono/node-server@2.1.8 hono@4.13.19

cat > main.mjs <<'JS'
import { serve } from '@hono/node-server'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'

const BODY_BYTES = 4_194_304
const CHUNK = Buffer.alloc(65_536, 0x61)
const CHUNKS_PER_S = 32 // 2 MiB/s: a home's uplink, two seconds in all

/** Posts the body at a steady rate, reads only then, and gives the status line, or what happened instead. */
async function post(port) {
  const socket = connect(port, '127.0.0.1').pause()
  let failure
  socket.on('error', (error) => (failure ??= error.code))
  await once(socket, 'connect')
  socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`)
  let sent = 0
  for (; sent < BODY_BYTES && failure === undefined; sent += CHUNK.length) {
    await new Promise((done) => socket.write(CHUNK, done))
    await new Promise((done) => setTimeout(done, 1_000 / CHUNKS_PER_S))
  }
  let answer = ''
  const end = new Promise((done) => socket.once('close', done).once('data', (data) => done((answer = data.toString('latin1')))))
  socket.resume()
  if (!socket.closed) await end
  socket.destroy()
  const status = answer.split('\r\n')[0]
  return { status: status === '' ? (failure ?? 'closed without an answer') : status, sentKiB: sent / 1_024 }
}

const hono = serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('too large\n', { status: 413 }) })
const plain = createServer((_, response) => response.writeHead(413).end('too large\n')).listen(0, '127.0.0.1')
if (!hono.listening) await once(hono, 'listening')
if (!plain.listening) await once(plain, 'listening')

const atHono = await post(hono.address().port)
const atPlain = await post(plain.address().port)
const show = ({ status, sentKiB }) => `${status}, after ${sentKiB} KiB of ${BODY_BYTES / 1_024} were sent`
console.log('expected: HTTP/1.1 413 from both, after all is sent')
console.log(`seen, @hono/node-server: ${show(atHono)}`)
console.log(`seen, node:http: ${show(atPlain)}`)
const isAsDescribed = !atHono.status.startsWith('HTTP') && atPlain.status.startsWith('HTTP/1.1 413')
console.log(isAsDescribed ? 'as described' : 'changed')
process.exit(isAsDescribed ? 0 : 1)
JS
echo "@hono/node-server $(node -p 'require("./node_modules/@hono/node-server/package.json").version'), Node.js $(node -p process.version)"
timeout 60 node main.mjs
