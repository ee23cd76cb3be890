/** A receiver that begins before it has a peer, as a page does, in this process: its peer is made when the first stage has begun. */

import { onTestFinished } from 'vitest'
import { createPeer, type Peer, type PeerLimits } from '../../node/index.ts'
import { createSocketCarrier, receiveEarly } from '../../node/library/early-share.ts'
import type { ReceivedShare, ReceiveShareOptions, Sharing } from '../../node/sharing/types.ts'

interface EarlyReceiver {
  received: ReceivedShare
  /** Lets its peer be made. */
  letPeerCome(): void
  /** True once its peer is wanted. */
  readonly isPeerWanted: boolean
}

export async function startTab(gateway: string, limits: Partial<PeerLimits> = {}): Promise<Peer & { sharing: Sharing }> {
  const peer = await createPeer({ join: [gateway], sharing: true, limits })
  onTestFinished(() => peer.stop())
  await peer.start()
  await peer.joined()
  if (peer.sharing === undefined) throw new Error('a peer without sharing')
  return peer as Peer & { sharing: Sharing }
}

/** @param hasFirst false for a page that has no first stage */
export function receiveAsPage(gateway: string, path: string, options: ReceiveShareOptions = {}, hasFirst = true): EarlyReceiver {
  const leave = Promise.withResolvers<void>()
  let isPeerWanted = false
  const received = receiveEarly(path, options, {
    openCarrier: hasFirst ? (id, visitor) => createSocketCarrier(gateway, id, visitor) : undefined,
    async openSharing() {
      isPeerWanted = true
      await leave.promise
      return (await startTab(gateway)).sharing
    },
  })
  onTestFinished(() => received.close())
  return {
    received,
    letPeerCome: leave.resolve,
    get isPeerWanted() {
      return isPeerWanted
    },
  }
}
