/**
 * The direct connections that a TURN server relays. libp2p and its WebRTC do not say: the browser does, once a pair of candidates is chosen, and
 * libp2p's connection has the browser's under a name that its types hide (libp2p 3.3, @libp2p/webrtc 6.0).
 */

import type { Connection, Libp2p } from '@libp2p/interface'
import { connectionKind } from './connection-kind.ts'

type Report = Record<string, unknown>

export function createTurnWatch() {
  /** Bounded: those that have ended are taken out with the next one. */
  let relayed: Connection[] = []
  const isOpen = ({ status }: Connection) => status === 'open'

  async function look(connection: Connection): Promise<void> {
    const { maConn } = connection as { maConn?: { peerConnection?: Pick<RTCPeerConnection, 'getStats'> } }
    try {
      const reports = await maConn?.peerConnection?.getStats()
      if (reports !== undefined && isRelayed([...reports.values()] as Report[])) relayed = [...relayed.filter(isOpen), connection]
    } catch {
      // It has ended.
    }
  }

  return {
    attach(made: Pick<Libp2p, 'addEventListener'>): void {
      made.addEventListener('connection:open', ({ detail }) => {
        if (connectionKind(detail) === 'direct') void look(detail)
      })
    },
    /** True when a TURN server relays what goes over the direct connection to the peer. Asked for each piece that comes. */
    isThroughTurn: (peer: string): boolean => relayed.some((each) => isOpen(each) && each.remotePeer.toString() === peer),
  }
}

/** Reads a browser's statistics: Chromium names the chosen pair in the report of the transport, Firefox marks it. */
export function isRelayed(reports: readonly Report[]): boolean {
  const byId = new Map(reports.map((report) => [report.id, report]))
  const transport = reports.find(({ type, selectedCandidatePairId }) => type === 'transport' && selectedCandidatePairId !== undefined)
  const pair = byId.get(transport?.selectedCandidatePairId) ?? reports.find(({ type, selected }) => type === 'candidate-pair' && selected)
  return [pair?.localCandidateId, pair?.remoteCandidateId].some((id) => byId.get(id)?.candidateType === 'relay')
}
