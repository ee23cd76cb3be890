/** A member of a hall, with WebRTC, who counts the direct connections of this tab. */

import { webRTC } from '@libp2p/webrtc'
import { createPeer } from '../../../browser/library.ts'
import { enterHall, type HallMember, type HallReading } from '../hall-member.ts'
import { answerCalls } from './bulk-page.ts'

let member: HallMember

const calls = {
  async enter({ gateway }: { gateway: string }): Promise<void> {
    const direct = webRTC({ rtcConfiguration: { iceServers: [] } })
    member = await enterHall(await createPeer({ gateway, content: false, people: { account: { kind: 'guest' } }, webRTC: direct }))
  },
  see: (count: number): Promise<void> => member.see(count),
  ask: (): Promise<HallReading> => member.ask(),
  /** Direct connections now, and the most that there were at once. */
  async direct(): Promise<{ now: number; most: number }> {
    return globalThis.directConnections?.() ?? { now: 0, most: 0 }
  },
}

declare global {
  var directConnections: (() => { now: number; most: number }) | undefined
}

export type HallPageCalls = typeof calls
answerCalls(calls)
