/**
 * Forwards receipts to record nodes: those that have not asked a home of the receiver would keep the message until it expires. One listener for
 * each node and all messages, so that a receipt that names many is sent once.
 */

import type { PeerId } from '@libp2p/interface'
import type { RequestStreams } from '../protocol/request-streams.ts'
import type { ReceiptListener, SeenMessage, SeenMessages } from './seen-messages.ts'

export interface RecordListeners {
  /** Forwards the receipts of a sealed message to these nodes. */
  add(seen: SeenMessage, nodes: readonly PeerId[]): void
  /** The servers have changed. */
  clear(): void
}

export function createRecordListeners(streams: Pick<RequestStreams, 'send'>, seenMessages: SeenMessages): RecordListeners {
  /** By peer id. Bounded by the servers. */
  const listeners = new Map<string, ReceiptListener>()

  function listenerOf(node: PeerId): ReceiptListener {
    const id = node.toString()
    const known = listeners.get(id)
    if (known !== undefined) return known
    const listener: ReceiptListener = {
      isOpen: true,
      onReceipt: ({ bytes }) => streams.send(node, { type: 'receipt', receipt: bytes }),
      onDecline() {},
    }
    listeners.set(id, listener)
    return listener
  }

  return {
    add(seen, nodes) {
      for (const node of seen.isSealed ? nodes : []) seenMessages.listen(seen, listenerOf(node))
    },
    clear: () => listeners.clear(),
  }
}
