/** A tab whose direct way is closed, and Debian's coturn, set up as OPERATING.md says. */

import { networkInterfaces } from 'node:os'
import { test } from 'vitest'
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

test('a tab whose direct way is closed goes through the TURN server, with a password of its own', async () => {
  const address = ownAddress()
  const { port } = await startCoturn(address)
  const node = await startNodeProcess({ args: ['--config', await writeTurnConfiguration(`turn:${address}:${port}`)] })
  const shared = await shareFile(await chromium.newPage(), node.url, 12 * MIB)
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
  const visitor = await visitFile(context, node.url, shared.address)
  await visitor.getByTestId('hold-too').click()
  await visitor.locator('[data-testid="transfer"][data-way="direct"]').waitFor({ timeout: 60_000 })
  await waitFor(async () => (await visitor.evaluate(waysOf)).includes('relay'), 30_000, 'the browser tells a relayed way')
  await seesVisit(visitor, 'holding', 120_000)
})
