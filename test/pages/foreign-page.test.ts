/** A page of another origin, in a real Chromium, whose script, style and video are held here: each by its hash alone. */

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { encodeKeyHex } from '../../node/index.ts'
import { useChromium } from '../helpers/chromium.ts'
import { createTestGateway } from '../helpers/gateway.ts'
import { createNetwork } from '../helpers/network.ts'
import { runProgram } from '../helpers/program.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

const SECONDS = 4
const SCRIPT = 'document.querySelector("p").textContent = "the script ran"'
const STYLE = 'p { color: rgb(1, 2, 3) }'

const chromium = useChromium()

/** More than one piece: its link without an outline proves nothing. */
async function makeVideo(): Promise<Uint8Array> {
  const path = join(await createTemporaryDirectory(), 'video.webm')
  const source = `testsrc=size=160x120:rate=15:duration=${SECONDS},noise=alls=80:allf=t`
  const codec = '-c:v libvpx -b:v 2M -minrate 2M -maxrate 2M -bufsize 2M -g 15 -deadline realtime -cpu-used 8'
  expect(await runProgram('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', source, ...codec.split(' '), path])).toMatchObject({ code: 0 })
  return readFile(path)
}

/** At a port of its own, so of another origin. */
async function servePage(html: string): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

test('script and style run with their integrity, and the video seeks, at the first read of each', async () => {
  const { nodes } = await createNetwork({ nodes: 2 })
  const [holder, reader] = nodes
  const { url } = await createTestGateway(reader.peer)
  const hold = async (bytes: Uint8Array) => `${url}/${encodeKeyHex((await holder.peer.content.hold(bytes)).key)}`
  const encoder = new TextEncoder()
  const integrity = (text: string) => `integrity="sha256-${createHash('sha256').update(text).digest('base64')}" crossorigin`
  const [script, style] = [await hold(encoder.encode(SCRIPT)), await hold(encoder.encode(STYLE))]
  const video = await hold(await makeVideo())
  const page = await chromium.newPage()
  const firstPart = page.waitForResponse(video)
  await page.goto(
    await servePage(
      `<!doctype html><link rel="stylesheet" href="${style}" ${integrity(STYLE)}><p>?</p>
      <video muted preload="auto" src="${video}"></video><script src="${script}" ${integrity(SCRIPT)}></script>`,
    ),
  )
  await page.getByText('the script ran').waitFor()
  expect(await page.evaluate(() => getComputedStyle(document.querySelector('p') as Element).color)).toBe('rgb(1, 2, 3)')
  expect((await firstPart).status()).toBe(206) // its first request is for a range
  const at = () =>
    page.locator('video').evaluate(({ currentTime, readyState, seekable }: HTMLVideoElement) => ({
      currentTime,
      readyState,
      end: seekable.length === 0 ? 0 : seekable.end(0),
    }))
  await waitFor(async () => (await at()).readyState >= 2, 30_000, 'its first picture is there')
  expect((await at()).end).toBeCloseTo(SECONDS, 0)
  await page.locator('video').evaluate((element: HTMLVideoElement, time) => {
    element.currentTime = time
  }, SECONDS * 0.8)
  await waitFor(async () => (await at()).readyState >= 2, 30_000, 'there is a picture')
  expect((await at()).currentTime).toBeCloseTo(SECONDS * 0.8, 1)
})
