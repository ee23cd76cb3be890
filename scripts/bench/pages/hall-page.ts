/** A guest in a room of many, who asks all the others at once, and counts the direct connections of this tab. */

import { webRTC } from '@libp2p/webrtc'
import { createPeer, type Room } from '../../../browser/library.ts'
import { answerCalls } from './bulk-page.ts'

export interface HallReading {
  /** How long each answer took, in ms. */
  tookMs: number[]
  errors: string[]
}

let room: Room

const calls = {
  async enter({ gateway }: { gateway: string }): Promise<void> {
    const direct = webRTC({ rtcConfiguration: { iceServers: [] } })
    const peer = await createPeer({ gateway, content: false, people: { account: { kind: 'guest' } }, webRTC: direct })
    await peer.start()
    await peer.people.connect()
    room = await peer.people.room('hall')
    room.module('echo', (value) => value)
  },
  async present(): Promise<number> {
    return room.present().length
  },
  async ask(): Promise<HallReading> {
    const startedAtMs = performance.now()
    const reading: HallReading = { tookMs: [], errors: [] }
    for await (const answer of room.get('*').message('echo', 'hello')) {
      if ('value' in answer && answer.value === 'hello') reading.tookMs.push(performance.now() - startedAtMs)
      else reading.errors.push('error' in answer ? answer.error.message : 'another answer')
    }
    return reading
  },
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
