import type { Connection, Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { createTurnWatch, isRelayed } from '../../node/network/turn-watch.ts'
import { waitFor } from '../helpers/wait-for.ts'

const candidates = [
  { id: 'L1', type: 'local-candidate', candidateType: 'host' },
  { id: 'L2', type: 'local-candidate', candidateType: 'relay' },
  { id: 'R1', type: 'remote-candidate', candidateType: 'srflx' },
  { id: 'R2', type: 'remote-candidate', candidateType: 'relay' },
]
const chromium = (local: string, remote: string) => [
  { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
  { id: 'P0', type: 'candidate-pair', localCandidateId: 'L2', remoteCandidateId: 'R2' },
  { id: 'P', type: 'candidate-pair', localCandidateId: local, remoteCandidateId: remote },
  ...candidates,
]
const firefox = (local: string, remote: string) => [
  { id: 'P0', type: 'candidate-pair', selected: false, localCandidateId: 'L2', remoteCandidateId: 'R2' },
  { id: 'P', type: 'candidate-pair', selected: true, localCandidateId: local, remoteCandidateId: remote },
  ...candidates,
]

test.each([
  ['chromium', chromium],
  ['firefox', firefox],
])('turn: %s tells whether either end of the chosen pair is at a TURN server', (_, reports) => {
  expect(isRelayed(reports('L1', 'R1'))).toBe(false)
  expect(isRelayed(reports('L2', 'R1'))).toBe(true)
  expect(isRelayed(reports('L1', 'R2'))).toBe(true)
  expect(isRelayed(candidates)).toBe(false)
})

test('turn: a peer counts once the browser has told of its connection; one that tells nothing does not', async () => {
  const connectionTo = (peer: string, getStats: () => Promise<unknown>) =>
    ({
      remotePeer: peer,
      status: 'open',
      remoteAddr: multiaddr('/ip4/127.0.0.1/tcp/4000/ws/p2p-circuit/webrtc'),
      maConn: { peerConnection: { getStats } },
    }) as unknown as Connection
  const connections = [
    connectionTo('turned', async () => new Map(chromium('L2', 'R1').map((report) => [report.id, report]))),
    connectionTo('closed', () => Promise.reject(new Error('closed'))),
    connectionTo('near', async () => new Map(chromium('L1', 'R1').map((report) => [report.id, report]))),
  ]
  const network = new EventTarget()
  const watch = createTurnWatch()
  watch.attach(network as unknown as Libp2p)
  const seen = () => connections.map(({ remotePeer }) => watch.isThroughTurn(String(remotePeer)))
  expect(seen()).toEqual([false, false, false])
  for (const detail of connections) network.dispatchEvent(new CustomEvent('connection:open', { detail }))
  await waitFor(() => seen()[0] === true, 5_000, 'the browser has told')
  expect(seen()).toEqual([true, false, false])
  Object.assign(connections[0] as Connection, { status: 'closed' })
  expect(seen()).toEqual([false, false, false])
})
