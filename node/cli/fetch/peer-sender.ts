/** The sender of a command as a peer of the overlay. */

import { abortable } from '../../async/abort.ts'
import { createPeer, MayflyError, type Peer } from '../../index.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import { startJoining, stopSoon } from './joined-peer.ts'
import type { MessageSender, MessageSenderOptions } from './message-sender.ts'

export async function openPeerSender({ join, timeoutMs, signal, ...own }: MessageSenderOptions): Promise<MessageSender> {
  const peer = await createPeer({ role: 'tab', join, ...own, createHasher: createNativeHasher })
  return {
    messages: peer.messages,
    async start() {
      try {
        await startJoining(peer, { join, timeoutMs, signal })
        return undefined
      } catch (error) {
        if (error instanceof MayflyError && error.code === 'ERR_NO_NETWORK') return error
        throw error
      }
    },
    whenFetched: (ending) => whenFetched(peer, ending),
    failureOf: () => undefined,
    stop: () => stopSoon(peer),
  }
}

function whenFetched(peer: Peer, signal: AbortSignal): Promise<boolean> {
  let held: { key: string; size: number } | undefined
  let uploaded = 0
  return abortable<boolean>(signal, (resolve) =>
    peer.onEvent((event) => {
      if (event.type === 'hold') held ??= event
      if (event.type !== 'served' || event.key !== held?.key) return
      uploaded += event.bytes
      if (uploaded >= held.size) resolve(true)
    }),
  ).catch(() => false)
}
