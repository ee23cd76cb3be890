/** A tab is not asked by identify what its hello has told its home; all others are. */

import type { IdentifyResult } from '@libp2p/interface'
import { expect, onTestFinished, test } from 'vitest'
import { leaveTabsUnidentified, markPageSocket } from '../../node/network/page-connections.ts'
import { startRawPeer } from '../helpers/raw-peer.ts'
import { createSeededPeer } from '../helpers/seeded-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

async function createService(helloMs: number, isTab: () => boolean) {
  const { peer: remotePeer } = await createSeededPeer(1)
  const asked: unknown[] = []
  const told: IdentifyResult[] = []
  const identify = {
    async identify(connection: unknown) {
      asked.push(connection)
      return {} as IdentifyResult
    },
  }
  const events = { safeDispatchEvent: (_type: string, { detail }: { detail: IdentifyResult }) => told.push(detail) }
  leaveTabsUnidentified({ identify, events, isTab } as never, { helloMs })
  const open = (isPage: boolean) => {
    const timeline = { open: 1 }
    if (isPage) markPageSocket({ timeline } as never)
    return { timeline, remotePeer, status: 'open' } as never
  }
  return { identify, asked, told, open }
}

test('page connections: a tab whose hello has come is not identified, and counts as one that serves nothing', async () => {
  const { identify, asked, told, open } = await createService(1, () => true)
  const connection = open(true)
  await identify.identify(connection)
  expect(asked).toEqual([])
  expect(told).toMatchObject([{ connection, protocols: [] }])
})

test('page connections: helloMs: one without a hello is identified after it, and a server at once', async () => {
  const { identify, asked, told, open } = await createService(1, () => false)
  const page = open(true)
  const waiting = identify.identify(page)
  expect(asked).toEqual([])
  const server = open(false)
  await identify.identify(server)
  expect(asked).toEqual([server])
  await waiting
  expect(asked).toEqual([server, page])
  expect(told).toEqual([])
})

test('page connections: asked again, a peer is identified', async () => {
  const { identify, asked, open } = await createService(1, () => true)
  const connection = open(true)
  await identify.identify(connection)
  await identify.identify(connection)
  expect(asked).toEqual([connection])
})

test('page connections: a server that dials by the websocket of a page is known as one in the end', async () => {
  const node = await startRawPeer({ role: 'node', join: [] })
  onTestFinished(() => node.stop())
  const heard: IdentifyResult[] = []
  node.libp2p.addEventListener('peer:identify', ({ detail }) => heard.push(detail))
  const tab = await startRawPeer({ role: 'tab', join: [], keepsPresence: false })
  onTestFinished(() => tab.stop())
  await tab.libp2p.dial(node.libp2p.getMultiaddrs())
  await waitFor(() => heard.length > 0, 10_000, 'it was identified')
  expect(heard[0]?.protocols).toEqual(tab.libp2p.getProtocols())
})

test('page connections: a tab that has said hello is asked nothing', async () => {
  const node = await startRawPeer({ role: 'node', join: [], knowsTabs: true })
  onTestFinished(() => node.stop())
  const heard: IdentifyResult[] = []
  node.libp2p.addEventListener('peer:identify', ({ detail }) => heard.push(detail))
  const tab = await startRawPeer({ role: 'tab', join: node.libp2p.getMultiaddrs().map(String) })
  onTestFinished(() => tab.stop())
  await waitFor(() => heard.length > 0, 10_000, 'it counts as identified')
  expect(heard.map(({ peerId, protocols }) => [peerId.toString(), protocols])).toEqual([[tab.id, []]])
})
