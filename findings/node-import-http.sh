#!/bin/bash
# Node.js 24.21.0: `import { get } from 'node:http'` loads fetch and HTTP/2, too, some 60 ms of processor time in a program that uses neither.
# An import of a built-in module reads each of its exports; those of node:http that come from undici (WebSocket and its events) are getters
# that load it, and undici loads node:http2. `require('node:http')` and `process.getBuiltinModule('node:http')` read only what is asked for.
#
# Uses: Node.js 22 or newer, npm. (Node.js comes as an npm package.)
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund node@24.21.0
[ -x node_modules/node/bin/node ] || npm rebuild --silent node --ignore-scripts=false

cat > main.mjs <<'JS'
const loaded = () => process.moduleLoadList.filter((name) => /^NativeModule (internal\/deps\/undici\/undici|http2)$/.test(name)).length
const { get } = process.getBuiltinModule('node:http')
const [isFunction, before] = [typeof get === 'function', loaded()]
await import('node:http')
console.log(JSON.stringify({ isFunction, before, afterImport: loaded() }))
JS

echo "node $(node_modules/node/bin/node --version)"
echo 'expected: {"isFunction":true,"before":0,"afterImport":0}'
seen=$(node_modules/node/bin/node main.mjs)
echo "seen:     $seen"
[ "$seen" = '{"isFunction":true,"before":0,"afterImport":2}' ] || { echo 'The behaviour has changed.'; exit 1; }
