/** A tab with people, as other people's pages have it: a guest in a room whose members answer each other's calls. */

import { webRTC } from '@libp2p/webrtc'
import { createPeer, type Peer, type Room } from '../../../browser/library.ts'
import { type EchoLoad, type EchoReading, type EchoValue, measureEcho } from '../echo-meter.ts'
import { answerCalls } from './bulk-page.ts'

const MEET_MS = 60_000

let peer: Peer
let room: Room

const calls = {
  async start({ gateway, isDirect }: { gateway: string; isDirect: boolean }): Promise<void> {
    const direct = isDirect ? { webRTC: webRTC({ rtcConfiguration: { iceServers: [] } }) } : {}
    peer = await createPeer({ gateway, people: { account: { kind: 'guest' } }, ...direct })
    await peer.start()
    await peer.people.connect()
    room = await peer.people.room('bench')
    room.module('echo', (value) => value)
    room.onChannel('way', () => {})
  },
  /** Resolves with the way between the two, once it is the wanted one or a time is over. */
  async meet(wanted: 'direct' | 'relayed'): Promise<string> {
    const untilMs = performance.now() + MEET_MS
    while (room.present().length === 0 && performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 50))
    const [other] = room.present()
    if (other === undefined) throw new Error('the other tab is not in the room')
    for (;;) {
      const channel = await room.channel(other.instance, 'way')
      channel.close()
      if (channel.way === wanted || performance.now() > untilMs) return channel.way
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  },
  async measure(load: EchoLoad): Promise<EchoReading> {
    const [other] = room.present()
    if (other === undefined) throw new Error('the other tab has left the room')
    const target = room.get(other.instance)
    return measureEcho(async (value: EchoValue) => {
      const [answer] = await target.message('echo', value).settled()
      if (answer === undefined || 'error' in answer) throw new Error(answer?.error.message ?? 'nobody answered')
      return answer.value
    }, load)
  },
}

export type EchoTabPageCalls = typeof calls
answerCalls(calls)
