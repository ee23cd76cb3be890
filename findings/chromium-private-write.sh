#!/bin/bash
# In a private window of Chromium 156, where a site's files are kept in memory, a synchronous write to a file of the site's private file system
# for which there is no room does not throw: it returns 4,294,967,288, more bytes than it was given, and may have written a part of them. That is -8
# as a number without a sign, the browser's own code for "no space". By the specification it is a QuotaExceededError. navigator.storage.estimate()
# names a quota that is several times what can be written.
#
# Uses: Node.js 22 or newer, npm, Debian's chromium, and 3 GB of memory.
set -eu
command -v chromium > /dev/null || { echo "needs: apt-get install chromium"; exit 2; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts playwright-core@1.65.1

cat > main.mjs <<'JS'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { chromium } from 'playwright-core'

const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>')).listen(0, '127.0.0.1')
await once(server, 'listening')
const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
try {
  console.log(`Chromium ${browser.version()}`)
  const page = await (await browser.newContext()).newPage() // a context of Playwright is a private window
  await page.goto(`http://127.0.0.1:${server.address().port}/`)
  const seen = await page.evaluate(async () => {
    const work = async () => {
      const directory = await navigator.storage.getDirectory()
      const access = await (await directory.getFileHandle('file', { create: true })).createSyncAccessHandle()
      const bytes = new Uint8Array(4 * 1_048_576)
      const answers = []
      let size = 0
      for (let writes = 0; writes < 1_024 && answers.length < 3; writes++) {
        let answer
        try {
          answer = access.write(bytes, { at: size })
        } catch (error) {
          answer = error.name
        }
        if (answer === bytes.length) size += bytes.length
        else answers.push(answer)
      }
      const { quota } = await navigator.storage.estimate()
      postMessage({ size, answers, kept: access.getSize(), quota })
      access.close()
    }
    const worker = new Worker(URL.createObjectURL(new Blob([`(${work})()`])))
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = ({ message }) => reject(new Error(message))
    })
  })
  const mebibytes = (bytes) => Math.round(bytes / 1_048_576)
  console.log('expected: 4 MiB after 4 MiB are written, and the first write without room throws a QuotaExceededError')
  console.log(`seen: ${mebibytes(seen.size)} MiB written, then write() answered ${seen.answers.join(', ')}; the file has ${mebibytes(seen.kept)} MiB`)
  console.log(`seen: estimate() named a quota of ${mebibytes(seen.quota)} MiB`)
  const isAsDescribed = seen.answers.length === 3 && seen.answers.every((answer) => answer === 4_294_967_288) && seen.kept < seen.size + 4 * 1_048_576
  console.log(isAsDescribed ? 'as described' : 'changed')
  process.exitCode = isAsDescribed ? 0 : 1
} finally {
  await browser.close()
  server.close()
}
JS
timeout 110 node main.mjs
