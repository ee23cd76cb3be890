#!/bin/bash
# A server of Node.js (24.21.0, libuv 1.52.1) that may open no more files says nothing of the connections that it loses: libuv accepts each
# with a descriptor that it keeps for this, and closes it at once. Its clients connect and are closed; the server has no 'connection', no
# 'drop' and no 'error' event, and no error is thrown. Only its own next file or connection fails with EMFILE.
#
# Uses: npm, on Linux.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund node@24.21.0
node=$PWD/node_modules/node/bin/node

cat > server.mjs <<'JS'
import { openSync } from 'node:fs'
import { createServer } from 'node:net'

const seen = { connections: 0, drops: 0, errors: 0 }
const server = createServer(() => seen.connections++)
server.on('drop', () => seen.drops++)
server.on('error', () => seen.errors++)
process.on('uncaughtException', () => seen.errors++)
process.on('message', () => {
  let code = 'none'
  try {
    openSync('/dev/null')
  } catch (error) {
    code = error.code
  }
  process.send({ ...seen, code, uv: process.versions.uv })
})
server.listen(0, '127.0.0.1', () => process.send(server.address().port))
JS

cat > main.mjs <<'JS'
import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { once } from 'node:events'

const CLIENTS = 60
const stdio = ['inherit', 'inherit', 'inherit', 'ipc']
const server = spawn('/bin/sh', ['-c', 'ulimit -n 40; exec "$0" server.mjs', process.execPath], { stdio })
const [port] = await once(server, 'message')
const counts = { connected: 0, closed: 0 }
const sockets = Array.from({ length: CLIENTS }, () => {
  const socket = connect(port, '127.0.0.1')
  socket.on('connect', () => counts.connected++)
  socket.on('close', () => counts.closed++)
  socket.on('error', () => {})
  socket.resume()
  return socket
})
const settled = () => counts.connected === CLIENTS && counts.closed > 0
for (const endsAtMs = Date.now() + 20_000; !settled() && Date.now() < endsAtMs; ) await new Promise((resolve) => setTimeout(resolve, 50))
await new Promise((resolve) => setTimeout(resolve, 500)) // the last ones are closed
const answered = once(server, 'message')
server.send('tell')
const [seen] = await answered
for (const socket of sockets) socket.destroy()
server.kill()

console.log(`Node.js ${process.version}, libuv ${seen.uv}; ${CLIENTS} clients of a server that may open 40 files`)
console.log('expected: the server hears of each client that it could not serve, by an event or an error')
console.log(`seen: ${counts.connected} clients connected, ${counts.closed} of them were closed`)
console.log(`seen: the server had ${seen.connections} connections, ${seen.drops} 'drop' and ${seen.errors} 'error' events; its own file: ${seen.code}`)
const isAsDescribed =
  counts.connected === CLIENTS && counts.closed === CLIENTS - seen.connections && counts.closed > 0 && seen.drops + seen.errors === 0 && seen.code === 'EMFILE'
console.log(isAsDescribed ? 'as described' : 'CHANGED')
process.exit(isAsDescribed ? 0 : 1)
JS
"$node" main.mjs
