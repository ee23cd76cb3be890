/** Ways in memory, for tests of what stands on them: two peers, each with handlers, over muxed streams, so that a reader that does not read is felt. */

import { MayflyError } from '../../node/errors.ts'
import { createFrameStream, type FrameCarrier } from '../../node/network/index.ts'
import type { Way, WayKind, Ways } from '../../node/people/way/types.ts'
import { createMuxedStreams } from './muxed-streams.ts'

export interface MemoryWays extends Pick<Ways, 'open' | 'handle'> {
  /** Streams of this end, in the order in which they were made. */
  readonly streams: FrameCarrier[]
}

/** @returns the ways of each of the two peers */
export function createMemoryWays(peers: [string, string], kind: WayKind = 'socket'): [MemoryWays, MemoryWays] {
  const handlers = peers.map(() => new Map<string, (way: Way) => void>())
  const streams: FrameCarrier[][] = [[], []]
  const muxed = createMuxedStreams()
  const make = (own: 0 | 1): MemoryWays => ({
    streams: streams[own] as FrameCarrier[],
    async open(target, protocol) {
      const other = (1 - own) as 0 | 1
      const onWay = handlers[other]?.get(protocol)
      if (target.peer !== peers[other] || onWay === undefined) throw new MayflyError('ERR_UNAVAILABLE', 'Nobody takes that')
      const [outbound, inbound] = await muxed.open()
      streams[own]?.push(outbound)
      streams[other]?.push(inbound)
      onWay(wayOver(inbound, { peer: peers[own], kind, direction: 'inbound', protocol }))
      return wayOver(outbound, { peer: peers[other], kind, direction: 'outbound', protocol })
    },
    handle(protocol, onWay) {
      handlers[own]?.set(protocol, onWay)
      return () => void handlers[own]?.delete(protocol)
    },
  })
  return [make(0), make(1)]
}

function wayOver(stream: FrameCarrier, facts: Pick<Way, 'peer' | 'kind' | 'direction' | 'protocol'>): Way {
  return {
    ...facts,
    createFrames: (options) => createFrameStream(stream, options),
    abort: (reason) => stream.abort(reason),
  }
}
