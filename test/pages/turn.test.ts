/** A tab whose direct way is closed, and Debian's coturn, set up as OPERATING.md says. */

import type { BrowserContext, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { seesVisit } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { startCoturn, writeTurnConfiguration } from '../helpers/coturn.ts'
import { serveHtml } from '../helpers/html-site.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { ownAddress } from '../helpers/own-address.ts'
import { shareFile, visitFile } from '../helpers/shared-file.ts'
import { waitFor } from '../helpers/wait-for.ts'

const MIB = 1_048_576

const chromium = useChromium({ without: ['WebRtcHideLocalIpsWithMdns'] })

/** The ways of the page's open connections, as the browser tells them: `relay`, `host`, … */
function waysOf() {
  const { connections } = globalThis as unknown as { connections: RTCPeerConnection[] }
  return Promise.all(
    connections.map(async (connection) => {
      const stats = [...(await connection.getStats()).values()]
      const transport = stats.find(({ type }) => type === 'transport')
      const pair = stats.find(({ id }) => id === transport?.selectedCandidatePairId)
      return stats.find(({ id }) => id === pair?.localCandidateId)?.candidateType as string | undefined
    }),
  )
}

/** A person whose tabs connect directly in no way but through a TURN server. */
async function openClosedContext(): Promise<BrowserContext> {
  const context = await chromium.newContext()
  await context.addInitScript(() => {
    const connections: RTCPeerConnection[] = []
    class Closed extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super({ ...configuration, iceTransportPolicy: 'relay' })
        connections.push(this)
      }
    }
    Object.assign(globalThis, { RTCPeerConnection: Closed, connections })
  })
  return context
}

/** The names under which the page's connections are known to the TURN server. */
function namesOf(page: Page): Promise<(string | undefined)[]> {
  return page.evaluate(() => {
    const { connections } = globalThis as unknown as { connections: RTCPeerConnection[] }
    return connections.map((connection) => connection.getConfiguration().iceServers?.[0]?.username)
  })
}

test('a tab whose direct way is closed goes through the TURN server, with a password of its own, and gives its place back', async () => {
  const address = ownAddress()
  const turn = await startCoturn(address)
  const node = await startNodeProcess({ args: ['--config', await writeTurnConfiguration(`turn:${address}:${turn.port}`)] })
  const shared = await shareFile(await chromium.newPage(), node.url, 12 * MIB)
  const visitor = await visitFile(await openClosedContext(), node.url, shared.address)
  await visitor.getByTestId('hold-too').click()
  await visitor.locator('[data-testid="transfer"][data-way="direct"]').waitFor({ timeout: 60_000 })
  await waitFor(async () => (await visitor.evaluate(waysOf)).includes('relay'), 30_000, 'the browser tells a relayed way')
  await seesVisit(visitor, 'holding', 120_000)
  const names = await namesOf(visitor)
  const ownPlaces = async () => (await turn.openAllocations()).filter((name) => names.includes(name))
  expect(await ownPlaces()).not.toEqual([])
  await visitor.close({ runBeforeUnload: true })
  await waitFor(async () => (await ownPlaces()).length === 0, 30_000, 'the closed tab has no place there')
})

test('a tab for which the TURN server has no room gets all through the node, and gives its connection up', async () => {
  const address = ownAddress()
  const turn = await startCoturn(address, { 'total-quota=1200': 'total-quota=1' })
  const node = await startNodeProcess({ args: ['--config', await writeTurnConfiguration(`turn:${address}:${turn.port}`)] })
  const { iceServers } = (await (await fetch(`${node.url}/api/v1/status`)).json()) as { iceServers: RTCIceServer[] }
  const other = await chromium.newPage()
  await other.evaluate(async (servers) => {
    const connection = new RTCPeerConnection({ iceServers: servers })
    Object.assign(globalThis, { connection }) // as long as the page
    connection.createDataChannel('takes the one place')
    await connection.setLocalDescription()
  }, iceServers)
  await waitFor(async () => (await turn.openAllocations()).length === 1, 20_000, 'somebody else has the one place')
  const shared = await shareFile(await chromium.newPage(), node.url, 2 * MIB)
  const context = await openClosedContext()
  await context.addInitScript(() => {
    const { connections } = globalThis as unknown as { connections: RTCPeerConnection[] }
    const errors: number[] = []
    Object.assign(globalThis, { errors })
    const watch = connections.push.bind(connections)
    connections.push = (connection) => {
      connection.addEventListener('icecandidateerror', ({ errorCode }) => errors.push(errorCode))
      return watch(connection)
    }
  })
  const visitor = await visitFile(context, node.url, shared.address)
  await visitor.getByTestId('hold-too').click()
  await seesVisit(visitor, 'holding', 120_000)
  const ended = () => {
    const { connections, errors } = globalThis as unknown as { connections: RTCPeerConnection[]; errors: number[] }
    return errors.includes(486) && connections.every(({ connectionState }) => connectionState === 'closed')
  }
  await waitFor(() => visitor.evaluate(ended), 60_000, 'the server refuses, and the connection is closed')
})

/** A page of another site, whose channel to the other member of its room tells its way, and says each value to the other. */
const memberPage = (gateway: string) => `<!doctype html><output></output><ol></ol><script type="module">
  import { createPeer } from '${gateway}/lib/mayfly.js'
  const peer = await createPeer({ content: false, people: { account: { kind: 'guest' } } })
  await peer.start()
  await peer.people.connect()
  const room = await peer.people.room('turn', { password: 'three random words' })
  const add = (text) => document.querySelector('ol').append(Object.assign(document.createElement('li'), { textContent: text }))
  const use = (channel) => {
    channel.onMessage(add)
    channel.closed.then(() => add('closed'))
    globalThis.say = (text) => channel.postMessage(text)
    setInterval(() => (document.querySelector('output').textContent = channel.way), 100)
  }
  room.onChannel('talk', use)
  globalThis.open = async () => use(await room.channel(room.present()[0].instance, 'talk'))
  room.on('peerconnect', () => add('here'))
  room.on('peerdisconnect', () => add('gone'))
</script>`

test('two people whose direct way is closed talk over the TURN server; one that is hidden stays, and one that closes gives its place back', async () => {
  const address = ownAddress()
  const turn = await startCoturn(address)
  const site = await serveHtml()
  const args = ['--config', await writeTurnConfiguration(`turn:${address}:${turn.port}`), '--allow-origin', site.origin]
  const node = await startNodeProcess({ args })
  site.html = memberPage(node.url)
  const pages = await Promise.all([openClosedContext(), openClosedContext()].map(async (context) => (await context).newPage()))
  const [ann, ben] = pages as [Page, Page]
  for (const page of pages) await page.goto(site.origin)
  const sees = (page: Page, text: string) => page.locator('li', { hasText: text }).first().waitFor({ timeout: 60_000 })
  for (const page of pages) await sees(page, 'here')
  await ann.evaluate('open()')
  for (const page of pages) await page.locator('output', { hasText: 'direct' }).waitFor({ timeout: 60_000 })
  await waitFor(async () => (await ann.evaluate(waysOf)).includes('relay'), 30_000, 'the browser tells a relayed way')
  await ben.evaluate(
    `Object.defineProperty(document, 'visibilityState', { value: 'hidden' }); document.dispatchEvent(new Event('visibilitychange'))`,
  )
  await ann.evaluate(`say('from Ann')`)
  await sees(ben, 'from Ann')
  await ben.evaluate(`say('from Ben, who is hidden')`)
  await sees(ann, 'from Ben, who is hidden')
  const names = await namesOf(ben)
  const placesOfBen = async () => (await turn.openAllocations()).filter((name) => names.includes(name))
  expect(await placesOfBen()).not.toEqual([])
  await ben.close({ runBeforeUnload: true })
  await sees(ann, 'gone')
  await sees(ann, 'closed')
  await waitFor(async () => (await placesOfBen()).length === 0, 30_000, 'the closed tab has no place there')
})
