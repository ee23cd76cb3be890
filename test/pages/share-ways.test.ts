/**
 * Shares between tabs by the library that a gateway serves: over which way the bytes went, as the receiver and the sharer are told, and what
 * the node carried of them.
 */

import { randomBytes } from 'node:crypto'
import type { BrowserContext, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { ReceivedShare, Share } from '../../browser/library.ts'
import type { PeerStatus } from '../../node/index.ts'
import { saveAsDownloads } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { startCoturn, writeTurnConfiguration } from '../helpers/coturn.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { ownAddress } from '../helpers/own-address.ts'
import { waitFor } from '../helpers/wait-for.ts'

const MIB = 1_048_576
const SIZE = 8 * MIB
/** Of what goes directly: the home gives a few pieces where a busy machine is slow to connect. */
const DIRECT_SIZE = 24 * MIB
/** Less than this part of the content is signalling, and what the home gives to a tab that connects too late. */
const SIGNALLING = 0.1

const chromium = useChromium({ without: ['WebRtcHideLocalIpsWithMdns'] })

interface Tab {
  library: typeof import('../../browser/module.ts')
  share?: Share
  received?: ReceivedShare
}

/** A page of the gateway's origin that runs no script of the app. */
async function openBarePage(context: BrowserContext, gateway: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${gateway}/healthz`)
  await page.addScriptTag({ type: 'module', content: "import * as library from '/lib/mayfly.js'; globalThis.library = library" })
  await page.waitForFunction(() => (globalThis as unknown as Partial<Tab>).library !== undefined)
  return page
}

/** Resolves with the path of a share of one file. */
function shareBytes(page: Page, size: number): Promise<string> {
  return page.evaluate(async (size) => {
    const { createPeer, memorySource } = (globalThis as unknown as Tab).library
    const peer = await createPeer({ sharing: true })
    await peer.start()
    await peer.joined()
    const bytes = new Uint8Array(size).map((_, at) => (at * 31 + (at >> 16)) & 0xff)
    if (peer.sharing === undefined) throw new Error('It shares nothing')
    const share: Share = await peer.sharing.share([{ kind: 'file', path: 'some.bin', source: memorySource(bytes) }])
    Object.assign(globalThis, { share })
    while (share.entries[0]?.state !== 'ready') await new Promise<void>((resolve) => share.onChange(resolve))
    return share.path
  }, size)
}

/** Resolves with the way that the receiver was told, once all of it has come and is right. */
function receiveBytes(page: Page, path: string, hasWebRTC: boolean): Promise<string | undefined> {
  return page.evaluate(
    async ({ path, hasWebRTC }) => {
      const { createPeer } = (globalThis as unknown as Tab).library
      const peer = await createPeer({ sharing: true, ...(!hasWebRTC && { webRTC: false }) })
      await peer.start()
      await peer.joined()
      if (peer.sharing === undefined) throw new Error('It shares nothing')
      const received: ReceivedShare = peer.sharing.receive(path)
      Object.assign(globalThis, { received })
      while (received.state !== 'listed') await new Promise<void>((resolve) => received.onChange(resolve))
      await received.take()
      const entry = received.entries[0]
      if (entry === undefined) throw new Error('The list is empty')
      let at = 0
      for await (const bytes of (await received.open(entry.id)).read()) {
        for (let i = 0; i < bytes.byteLength; i += 4_096)
          if (bytes[i] !== (((at + i) * 31 + ((at + i) >> 16)) & 0xff)) throw new Error(`a wrong byte at ${at + i}`)
        at += bytes.byteLength
      }
      if (at !== entry.size) throw new Error(`${at} bytes came, and not ${entry.size}`)
      received.saved(entry.id)
      return received.way
    },
    { path, hasWebRTC },
  )
}

/** Bytes over the node's port so far, in and out. */
async function carriedBy(gateway: string): Promise<number> {
  const { counts } = (await (await fetch(`${gateway}/api/v1/status`)).json()) as PeerStatus
  return counts.bytesReceived + counts.bytesSent
}

/** The sharer hears by which way its receiver was served. */
async function sharerSees(page: Page, way: string): Promise<void> {
  const seen = () => page.evaluate(() => (globalThis as unknown as Tab).share?.receivers[0]?.way)
  await waitFor(async () => (await seen()) === way, 30_000, `the sharer hears ${way}`)
}

test('share: between two tabs the bytes go directly, the node carries signalling alone, and both are told', async () => {
  const node = await startNodeProcess()
  const [sharer, receiver] = [
    await openBarePage(await chromium.newContext(), node.url),
    await openBarePage(await chromium.newContext(), node.url),
  ]
  const path = await shareBytes(sharer, DIRECT_SIZE)
  const before = await carriedBy(node.url)
  expect(await receiveBytes(receiver, path, true)).toBe('direct')
  expect((await carriedBy(node.url)) - before).toBeLessThan(SIGNALLING * DIRECT_SIZE)
  await sharerSees(sharer, 'direct')
})

test('share: a receiver whose owner has turned WebRTC off gets all through the home, and both are told', async () => {
  const node = await startNodeProcess()
  const [sharer, receiver] = [
    await openBarePage(await chromium.newContext(), node.url),
    await openBarePage(await chromium.newContext(), node.url),
  ]
  const path = await shareBytes(sharer, SIZE)
  const before = await carriedBy(node.url)
  expect(await receiveBytes(receiver, path, false)).toBe('relayed')
  expect((await carriedBy(node.url)) - before).toBeGreaterThan(SIZE)
  await sharerSees(sharer, 'relayed')
})

/** A node that knows a TURN server, and a browser whose direct way is closed. */
async function startWithTurn(): Promise<{ node: NodeProcess; closed: BrowserContext }> {
  const address = ownAddress()
  const turn = await startCoturn(address)
  const node = await startNodeProcess({ args: ['--config', await writeTurnConfiguration(`turn:${address}:${turn.port}`)] })
  const closed = await chromium.newContext()
  await closed.addInitScript(() => {
    globalThis.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super({ ...configuration, iceTransportPolicy: 'relay' })
      }
    }
  })
  return { node, closed }
}

test('share: where the direct way is closed a TURN server relays, and both are told', async () => {
  const { node, closed } = await startWithTurn()
  const sharer = await openBarePage(await chromium.newContext(), node.url)
  const path = await shareBytes(sharer, SIZE)
  const receiver = await openBarePage(closed, node.url)
  expect(await receiveBytes(receiver, path, true)).toBe('turn')
  await sharerSees(sharer, 'turn')
})

/** The pages themselves: shares, receives, and resolves with what the sharer's page says of the way once the receiver's has said the same. */
async function seeWay(gateway: string, receiver: BrowserContext, words: string, size = SIZE): Promise<void> {
  const sharing = await chromium.newPage()
  await sharing.goto(`${gateway}/share`)
  const file = { name: 'some.bin', mimeType: 'application/octet-stream', buffer: randomBytes(size) }
  await sharing.getByTestId('page-file').setInputFiles(file)
  const link = await sharing.getByTestId('page-link').inputValue()
  const page = await receiver.newPage()
  await saveAsDownloads(page)
  await page.goto(link)
  await page.getByTestId('receive').click()
  await page.getByTestId('receive-progress').getByText(words).waitFor()
  await sharing.locator('[data-testid="receivers"] [data-state="done"]').getByText(words).waitFor()
}

test('share: its pages say that it went directly, through the node, or through a TURN server', async () => {
  const { node, closed } = await startWithTurn()
  const without = await chromium.newContext()
  await without.addInitScript(() => Reflect.deleteProperty(globalThis, 'RTCPeerConnection'))
  await seeWay(node.url, await chromium.newContext(), 'directly', DIRECT_SIZE)
  await seeWay(node.url, without, `through ${new URL(node.url).host}`)
  await seeWay(node.url, closed, 'through a TURN server')
})
