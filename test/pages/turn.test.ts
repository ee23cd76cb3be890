/** A tab whose direct way is closed, and Debian's coturn, set up as OPERATING.md says. */

import { networkInterfaces } from 'node:os'
import type { BrowserContext, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { seesVisit } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { startCoturn, writeTurnConfiguration } from '../helpers/coturn.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { shareFile, visitFile } from '../helpers/shared-file.ts'
import { waitFor } from '../helpers/wait-for.ts'

const MIB = 1_048_576

const chromium = useChromium({ flags: ['--disable-features=WebRtcHideLocalIpsWithMdns'] })

/** Chromium uses no address of loopback. */
function ownAddress(): string {
  const found = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)
  if (found === undefined) throw new Error('This machine has no address besides loopback, and a browser connects from no other')
  return found.address
}

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
