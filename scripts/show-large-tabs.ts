/**
 * Shows that content of any size goes from tab to tab: a file shared in one Chromium, received by another one with "Help to keep it here", checked
 * there against its address, with the memory of both browsers bounded and hardly anything on the node's port. Ends with 1 where one of
 * these is not so. Received bytes are written into the browser's own storage on this disk, and removed with it.
 *
 *   npm run show-large-tabs                  5 GiB: many minutes, and as much room
 *   npm run show-large-tabs -- 104857600     so many bytes
 *   npm run show-large-tabs -- reload        how much is fetched twice when a tab is reloaded at half of 200 MiB, or of so many bytes
 *   npm run show-large-tabs -- crash         the same when it crashes there
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { INTERRUPTIONS, showInterrupted } from './bench/interrupted-tab.ts'
import { LONG_MS, openBrowser, seesState, shareFile, temporaryDirectory } from './bench/large-tab.ts'
import { startNode } from './bench/mayfly-network.ts'
import { writeSparse } from './bench/sparse-file.ts'

const DEFAULT_BYTES = 5 * 2 ** 30
const INTERRUPTED_BYTES = 200 * 2 ** 20
const MIB = 2 ** 20
/** Growth of a browser's memory over its idle state that is allowed, in bytes. Its processes share pages, which count for each. */
const MAX_GROWTH = 768 * MIB
const LOOK_MS = 1_000
/** The node hears how each tab is to be reached, and little else. */
const MAX_CARRIED = 0.01

async function sha256sumOf(path: string): Promise<string> {
  const sum = spawn('sha256sum', [path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = await Promise.all([text(sum.stdout), once(sum, 'exit')])
  return said.slice(0, 64)
}

async function show(bytes: number): Promise<boolean> {
  const directory = temporaryDirectory()
  const path = join(directory, 'large.bin')
  await writeSparse(path, bytes)
  const sum = await sha256sumOf(path)
  await using node = await startNode()
  const portBytes = async () => {
    const { bytesReceived = 0, bytesSent = 0 } = (await node.status()).counts
    return bytesReceived + bytesSent
  }
  const sender = await openBrowser(join(directory, 'sender'))
  const reader = await openBrowser(join(directory, 'reader'))
  try {
    await sender.page.goto(node.url)
    await reader.page.goto(node.url)
    const idle = { sender: sender.rss(), reader: reader.rss() }
    const most = { ...idle }
    const looking = setInterval(() => {
      most.sender = Math.max(most.sender, sender.rss())
      most.reader = Math.max(most.reader, reader.rss())
    }, LOOK_MS)

    const startedAtMs = performance.now()
    const link = await shareFile(sender.page, path)
    const heldAtMs = performance.now()
    await reader.page.goto(link)
    await seesState(reader.page, 'streamed')
    const before = await portBytes()
    await reader.page.getByTestId('hold-too').click()
    const bar = reader.page.getByTestId('transfer')
    await bar.and(reader.page.locator('[data-phase="checking"]')).waitFor({ timeout: LONG_MS })
    const gotAtMs = performance.now()
    const carried = ((await portBytes()) - before) / bytes
    await seesState(reader.page, 'holding')
    const checkedAtMs = performance.now()
    clearInterval(looking)

    const isRight = new URL(link).pathname === `/${sum}`
    const isBounded = most.sender - idle.sender <= MAX_GROWTH && most.reader - idle.reader <= MAX_GROWTH
    const seconds = (from: number, to: number) => ((to - from) / 1_000).toFixed(1)
    const mib = (size: number) => Math.round(size / MIB)
    console.log(`bytes      ${bytes.toLocaleString('en')}`)
    console.log(`sha256sum  ${sum}  ${isRight ? 'is the address, which the receiver has checked' : 'is NOT the address'}`)
    console.log(
      `shared after ${seconds(startedAtMs, heldAtMs)} s, received in ${seconds(heldAtMs, gotAtMs)} s: ${Math.round(bytes / MIB / ((gotAtMs - heldAtMs) / 1_000))} MiB/s`,
    )
    console.log(`checked as a whole in ${seconds(gotAtMs, checkedAtMs)} s`)
    console.log(`the node carried ${(100 * carried).toFixed(2)} % of it`)
    for (const who of ['sender', 'reader'] as const)
      console.log(`memory     ${who}: ${mib(most[who])} MiB at most, ${mib(idle[who])} MiB without`)
    if (!isBounded) console.log(`memory is NOT bounded: over ${mib(MAX_GROWTH)} MiB more`)
    return isRight && isBounded && carried <= MAX_CARRIED
  } finally {
    await sender.context.close()
    await reader.context.close()
  }
}

const words = process.argv.slice(2)
const interruption = INTERRUPTIONS.find((each) => each === words[0])
const [given] = interruption === undefined ? words : words.slice(1)
const bytesOr = (fallback: number) => (given === undefined ? fallback : Number(given))
const isShown = interruption === undefined ? show(bytesOr(DEFAULT_BYTES)) : showInterrupted(interruption, bytesOr(INTERRUPTED_BYTES))
process.exitCode = (await isShown) ? 0 : 1
